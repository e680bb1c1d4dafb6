import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { createOperator, defineOperator } from "../../src/operators/index.ts";
import { createImage } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { degrade, type Planes, type RestoreRequest, restore, simulate, toPlanes } from "../../src/restore/index.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const prior = { ...isotropicPrior(0, 0.0625), settings: "natural" as const };
const [width, height] = [12, 10];

function planes(channels: number): Planes {
  const data = normals({ seed: 1, purpose: "picture" }, channels * width * height).map((v) => 0.25 * v);
  return { shape: [channels, height, width], data };
}

const sensing = { name: "operator", operator: { name: "compressed-sensing", ratio: 0.5, seed: 3 } } as const;
const solve = async (request: Omit<RestoreRequest, "engine" | "prior">) => {
  const result = await restore({
    prior,
    engine,
    preset: "fast",
    solver: "vml-map",
    options: { steps: 6, inner: 8, sigmaMin: 0.002 },
    ...request,
  });
  return { ...result, ...result.run };
};

describe("a measurement of numbers", () => {
  it("is restored: what was measured stays, the rest is near the prior's mean", async () => {
    for (const channels of [1, 3]) {
      const x = planes(channels);
      const y = await simulate({ planes: x, task: sensing, engine });
      expect(y.shape).toEqual([channels, 1, 60]);
      const { images } = await solve({ measurement: y, size: { width, height }, task: sensing, noise: 0 });
      const operator = createOperator(sensing.operator, { domain: [1, channels, height, width] });
      const measured = constant(Float64Array.from(y.data), operator.range, "float32");
      const mode = evaluate([operator.pseudoInverse?.(measured) ?? measured])[0].data;
      expect(images[0].channels).toBe(channels);
      const result = images[0].data.map((v) => 2 * v - 1);
      const seen = evaluate([operator.apply(constant(Float64Array.from(result), operator.domain, "float32"))])[0].data;
      expect(Math.max(...seen.map((v, i) => Math.abs(v - y.data[i])))).toBeLessThan(0.02);
      const rms = Math.sqrt(result.reduce((sum, v, i) => sum + (v - mode[i]) ** 2, 0) / result.length);
      expect(rms).toBeLessThan(0.1);
    }
  });

  it("can be that of a picture task", async () => {
    const x = planes(3);
    const y = await simulate({ planes: x, task: { name: "denoise" }, noise: 0.1, seed: 2, engine });
    const { images, run } = await restore({ measurement: y, task: { name: "denoise" }, noise: 0.1, prior, engine });
    const shrink = 0.0625 / (0.0625 + 0.04);
    const worst = Math.max(...images[0].data.map((v, i) => Math.abs(2 * v - 1 - Math.min(1, shrink * y.data[i]))));
    expect(worst).toBeLessThan(1e-5);
    expect(run.expectedResidual).toBeCloseTo(0.2 * Math.sqrt(360), 5);
  });

  it("may come from an operator on complex pictures: a colour prior gives a grey one", async () => {
    defineOperator({
      name: "test-rotation",
      summary: "complex multiplication",
      schema: z.strictObject({}),
      task: { channels: 2 },
      create: (_, domain) => ({
        name: "test-rotation",
        domain,
        range: domain,
        linear: true,
        normSquared: 1,
        exactPseudoInverse: true,
        apply: (x) => x.flip(1).mul(constant(Float64Array.of(-1, 1), [1, 2, 1, 1], "float32")),
        pseudoInverse: (y) => y.flip(1).mul(constant(Float64Array.of(1, -1), [1, 2, 1, 1], "float32")),
        toJSON: () => ({ name: "test-rotation" }),
      }),
    });
    const task = { name: "operator", operator: { name: "test-rotation" } } as const;
    const image = createImage(
      width,
      height,
      3,
      planes(3).data.map((v) => (v + 1) / 2),
    );
    const y = await simulate({ image, task, engine });
    expect(y.shape).toEqual([2, height, width]);
    const { images } = await solve({ measurement: y, task, noise: 0 });
    expect(images[0].channels).toBe(1);
    const grey = y.data.slice(width * height); // the imaginary part of i·g is g
    const worst = Math.max(...images[0].data.map((v, i) => Math.abs(2 * v - 1 - grey[i])));
    expect(worst).toBeLessThan(0.02);
  });

  it("is refused where it does not fit", async () => {
    const y = planes(3);
    const image = createImage(width, height, 3);
    const task = { name: "denoise" } as const;
    await expect(solve({ measurement: y, image, task })).rejects.toThrow(
      "restore: expected either image or measurement, got both",
    );
    await expect(solve({ task })).rejects.toThrow("got neither");
    await expect(simulate({ task, engine })).rejects.toThrow("degrade: expected either image or planes, got neither");
    const jpeg = { name: "operator", operator: { name: "jpeg", quality: 10 } } as const;
    await expect(solve({ measurement: planes(2), task: jpeg, size: { width, height } })).rejects.toThrow(
      "jpeg: expected pictures with 1 or 3 channels, got 2",
    );
    await expect(degrade({ image, task: sensing, engine })).rejects.toThrow(
      "measurement of compressed-sensing: expected to be kept as an array, got a picture file",
    );
    const unknown = { name: "operator", operator: { name: "teleport" } } as const;
    await expect(solve({ measurement: y, task: unknown })).rejects.toThrow(
      /operator: expected one of .*jpeg.*got teleport/,
    );
  });
});

describe("a picture measured by an operator", () => {
  it.each([
    [{ name: "jpeg", quality: 20 }, 1],
    [{ name: "jpeg", quality: 20 }, 3],
    [{ name: "hdr" }, 3],
  ] as const)("%j of %s channels is restored in tiles, whatever its size", async (operator, channels) => {
    const data = normals({ seed: 4, purpose: "wide" }, channels * 173 * 21).map((v) =>
      Math.min(1, Math.max(0, 0.5 + 0.1 * v)),
    );
    const task = { name: "operator", operator } as const;
    const image = await degrade({ image: createImage(173, 21, channels, data), task, engine });
    const { images, run } = await restore({
      image,
      task,
      prior,
      engine,
      preset: "fast",
      options: { steps: 3 },
      tileSize: 64,
    });
    expect(run.tiles).toBeGreaterThan(1);
    expect(run.solver).toBe("red-diff");
    expect([images[0].width, images[0].height, images[0].channels]).toEqual([173, 21, channels]);
    expect(images[0].data.every(Number.isFinite)).toBe(true);
  });
});

describe("toPlanes", () => {
  it("folds leading axes into channels and refuses what is no finite array", () => {
    const shapeOf = (shape: number[]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return toPlanes({ shape, data }).shape;
    };
    expect(shapeOf([5])).toEqual([1, 1, 5]);
    expect(shapeOf([4, 5])).toEqual([1, 4, 5]);
    expect(shapeOf([1, 3, 4, 5])).toEqual([3, 4, 5]);
    expect(shapeOf([6, 2, 4, 5])).toEqual([12, 4, 5]);
    expect(() => toPlanes({ shape: [0, 3], data: [] }, "y.npy")).toThrow("y.npy: expected an array of numbers");
    expect(() => toPlanes({ shape: [1], data: [Number.NaN] }, "y.npy")).toThrow(
      "y.npy: expected finite numbers, got NaN",
    );
  });
});
