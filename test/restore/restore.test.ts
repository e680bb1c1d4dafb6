import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { TweedieError } from "../../src/errors.ts";
import { createEngine } from "../../src/node/engine.ts";
import { createImage, createMask, type Image } from "../../src/pictures/index.ts";
import { isotropicPrior, type Prior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { degrade, restore } from "../../src/restore/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/** Pixels of a clean picture: mid grey with standard deviation 0.25 on the [-1, 1] scale, independent. */
const variance = 0.0625;
const prior = { ...isotropicPrior(0, variance), settings: "natural" as const };

function picture(width: number, height: number, channels: 1 | 3, bitDepth: 8 | 16 = 8): Image {
  const levels = 2 ** bitDepth - 1;
  const data = normals({ seed: 1, purpose: "picture" }, width * height * channels).map(
    (v) => Math.round(Math.min(1, Math.max(0, 0.5 + 0.125 * v)) * levels) / levels,
  );
  return createImage(width, height, channels, data, { meta: { bitDepth } });
}

/** A hole in the middle and one in a corner. */
function holes(width: number, height: number) {
  const known = new Uint8Array(width * height).fill(1);
  for (let y = 10; y < 14; y++) for (let x = 8; x < 15; x++) known[y * width + x] = 0;
  known[0] = 0;
  return createMask(width, height, known);
}

const quick = { preset: "fast", options: { steps: 3, inner: 2 } } as const;
const solve = async (
  request: Omit<Parameters<typeof restore>[0], "engine" | "prior"> & { prior?: Prior; engine?: Engine },
) => {
  const result = await restore({ prior, engine, ...request });
  return { ...result, ...result.run };
};

describe("restore", () => {
  it("denoises to the posterior mean, in one step, for colour", async () => {
    const image = picture(16, 12, 3);
    const { images, counts, steps } = await solve({ image, task: { name: "denoise" }, noise: 0.1 });
    const shrink = variance / (variance + 0.2 ** 2);
    const worst = Math.max(...images[0].data.map((v, i) => Math.abs(v - (0.5 + shrink * (image.data[i] - 0.5)))));
    expect(worst).toBeLessThan(1e-5);
    expect(counts).toMatchObject({ forwards: 1, vjps: 0, decodes: 0 });
    expect(steps).toBe(1);
  });

  it("denoises grey pictures to the posterior mean of the prior's grey", async () => {
    const image = picture(16, 12, 1);
    const { images, residual, expectedResidual } = await solve({ image, task: { name: "denoise" }, noise: 0.1 });
    // The mean of three independent channels of variance v has variance v/3.
    const shrink = variance / 3 / (variance / 3 + 0.2 ** 2);
    const worst = Math.max(...images[0].data.map((v, i) => Math.abs(v - (0.5 + shrink * (image.data[i] - 0.5)))));
    expect(images[0].channels).toBe(1);
    expect(worst).toBeLessThan(1e-5);
    expect(expectedResidual).toBeCloseTo(0.2 * Math.sqrt(16 * 12), 5);
    expect(residual).toBeGreaterThan(0);
  });

  it("returns the input for A = I and no noise", async () => {
    const image = picture(16, 12, 3, 16);
    const { images } = await solve({ image, task: { name: "denoise" }, noise: 0 });
    expect(Math.max(...images[0].data.map((v, i) => Math.abs(v - image.data[i])))).toBeLessThan(1e-6);
  });

  it.each([8, 16] as const)(
    "leaves known pixels of %s bits exactly as they are when a hole is filled",
    async (bits) => {
      for (const channels of [1, 3] as const) {
        const image = picture(24, 20, channels, bits);
        const mask = holes(24, 20);
        const { images, missing } = await solve({ image, task: { name: "inpaint", mask }, noise: 0, ...quick });
        expect(missing).toBe(mask.missing);
        const n = 24 * 20;
        const changed = images[0].data.filter((v, i) => mask.known[i % n] && v !== image.data[i]);
        expect(changed.length).toBe(0);
        expect(images[0].channels).toBe(channels);
      }
    },
  );

  it("keeps known pixels as they came on request, though they are noisy, and says how the border looks", async () => {
    const image = picture(24, 20, 3);
    const mask = holes(24, 20);
    const request = { image, task: { name: "inpaint", mask }, noise: 0.05, ...quick } as const;
    const [free, kept] = [await solve(request), await solve({ ...request, keepKnown: true })];
    const changed = (r: typeof kept) => r.images[0].data.filter((v, i) => mask.known[i % 480] && v !== image.data[i]);
    expect(changed(free).length).toBeGreaterThan(1000);
    expect(changed(kept)).toHaveLength(0);
    expect([free.keptKnown, kept.keptKnown, kept.residual]).toEqual([false, true, 0]);
    expect(free.residual).toBeGreaterThan(0);
    const filled = kept.images[0].data.filter((v, i) => !mask.known[i % 480] && v !== image.data[i]);
    expect(filled.length).toBeGreaterThan(50);
    expect(kept.seam?.ratio).toBeGreaterThan(0);
    expect(kept.seam?.jump).toBeGreaterThan(free.seam?.jump ?? 1); // what surrounds the hole is noisy now
  });

  it("keeps what was measured as an array, too", async () => {
    const [width, height] = [24, 20];
    const n = width * height;
    const data = normals({ seed: 4, purpose: "picture" }, n).map((v) => 0.3 * v);
    const mask = holes(width, height);
    const measurement = { shape: [1, height, width] as const, data: data.map((v, i) => (mask.known[i] ? v : 0)) };
    const request = { measurement, task: { name: "inpaint", mask }, noise: 0.05, ...quick } as const;
    const { images, keptKnown } = await solve({ ...request, keepKnown: true });
    const at = (i: number) => Math.min(1, Math.max(0, (data[i] + 1) / 2));
    const worst = Math.max(...images[0].data.map((v, i) => (mask.known[i] ? Math.abs(v - at(i)) : 0)));
    expect(worst).toBeLessThan(1e-6);
    expect(keptKnown).toBe(true);
  });

  it("knows no known pixels elsewhere", async () => {
    const request = { image: picture(16, 16, 3), task: { name: "denoise" }, keepKnown: true } as const;
    await expect(solve(request)).rejects.toThrow(
      "keep known pixels: expected the task inpaint, in which pixels are known, got denoise",
    );
  });

  it("takes the transparent pixels for the missing ones, and makes them opaque", async () => {
    const image = picture(24, 20, 3);
    const mask = holes(24, 20);
    const alpha = Float32Array.from(mask.known);
    // Whatever hides under transparent pixels must not matter.
    const hidden = { ...image, alpha, data: image.data.map((v, i) => (mask.known[i % 480] ? v : 1)) };
    const task = { name: "inpaint" } as const;
    const first = await solve({ image: { ...image, alpha }, task, noise: 0, ...quick });
    const second = await solve({ image: hidden, task, noise: 0, ...quick });
    expect(first.images[0].alpha).toBeUndefined();
    expect(second.images[0].data).toEqual(first.images[0].data);
  });

  it("makes what a mask says is missing opaque, and leaves other transparency as it is", async () => {
    const image = picture(24, 20, 3);
    const mask = holes(24, 20);
    const alpha = Float32Array.from(mask.known, (k, i) => (k ? (i < 24 ? 0.5 : 1) : 0));
    const task = { name: "inpaint", mask } as const;
    const { images } = await solve({ image: { ...image, alpha }, task, noise: 0, ...quick });
    expect(images[0].alpha).toEqual(alpha.map((v) => (v === 0 ? 1 : v)));
    const opaque = new Float32Array(480).fill(1);
    const same = await solve({ image: { ...image, alpha: opaque }, task, noise: 0, ...quick });
    expect(same.images[0].alpha).toEqual(opaque);
  });

  it("does nothing where nothing is missing", async () => {
    const image = picture(24, 20, 3);
    const mask = createMask(24, 20, new Uint8Array(480).fill(1));
    const { images, steps } = await solve({ image, task: { name: "inpaint", mask }, noise: 0 });
    expect(images[0].data).toEqual(image.data);
    expect(steps).toBe(0);
  });

  it("gives each task's size and channels, and keeps transparency", async () => {
    const image = { ...picture(12, 10, 3), alpha: new Float32Array(120).fill(0.5) };
    const grey = picture(12, 10, 1);
    const large = await solve({ image, task: { name: "super-resolution", scale: 3 }, noise: 0.01, ...quick });
    expect([large.images[0].width, large.images[0].height]).toEqual([36, 30]);
    expect(large.images[0].alpha?.length).toBe(36 * 30);
    expect(large.images[0].alpha?.every((v) => Math.abs(v - 0.5) < 1e-6)).toBe(true);
    const task = { name: "deblur", kernel: { type: "gaussian", std: 1 } } as const;
    const sharp = await solve({ image, task, noise: 0.01, ...quick });
    expect(sharp.images[0].alpha).toEqual(image.alpha);
    const coloured = await solve({ image: grey, task: { name: "colorize" }, noise: 0.01, ...quick });
    expect(coloured.images[0].channels).toBe(3);
    const still = await solve({ image: grey, task, noise: 0.01, ...quick });
    expect(still.images[0].channels).toBe(1);
  });

  it("treats a colour file without colour as grey, and gives back three channels", async () => {
    const grey = picture(16, 12, 1);
    const same = createImage(16, 12, 3, Float32Array.from([...grey.data, ...grey.data, ...grey.data]));
    const a = await solve({ image: grey, task: { name: "denoise" }, noise: 0.1 });
    const b = await solve({ image: same, task: { name: "denoise" }, noise: 0.1 });
    expect(b.images[0].channels).toBe(3);
    for (const c of [0, 1, 2]) expect(b.images[0].data.slice(c * 192, (c + 1) * 192)).toEqual(a.images[0].data);
  });

  it("restores in tiles what it restores as a whole, where the answer is local", async () => {
    const image = picture(150, 40, 3);
    const task = { name: "denoise" } as const;
    const whole = await solve({ image, task, noise: 0.1 });
    const tiled = await solve({ image, task, noise: 0.1, tileSize: 64 });
    expect(whole.run.tiles).toBe(1);
    expect(tiled.tiles).toBeGreaterThan(1);
    expect(Math.max(...tiled.images[0].data.map((v, i) => Math.abs(v - whole.images[0].data[i])))).toBeLessThan(1e-5);
  });

  it("takes smaller tiles where memory is short, and says so when even those do not fit", async () => {
    const request = { image: picture(700, 300, 3), task: { name: "denoise" }, noise: 0.1, prior } as const;
    const whole = await restore({ ...request, engine });
    expect(whole.run.tiles).toBe(1);
    /** An engine that takes pictures of up to so many pixels. */
    const limited = (pixels: number): Engine => {
      const compile: Engine["compile"] = (options) => {
        const largest = Math.max(...Object.values<Tensor>(options.inputs).map(({ size }) => size / 3));
        if (largest > pixels) throw new TweedieError("out-of-memory", { message: "too large" });
        return engine.compile(options);
      };
      return { threads: 1, compile } as Engine;
    };
    const result = await solve({ ...request, engine: limited(300 * 300) });
    expect(result.tiles).toBeGreaterThan(1);
    expect(result.tileSize).toBe(256);
    const worst = whole.images[0].data.reduce((max, v, i) => Math.max(max, Math.abs(v - result.images[0].data[i])), 0);
    expect(worst).toBeLessThan(1e-5);
    await expect(restore({ ...request, engine: limited(64) })).rejects.toMatchObject({ code: "out-of-memory" });
  });

  it("works only around the hole of a large picture", async () => {
    const image = picture(600, 300, 3);
    const mask = holes(600, 300);
    const seen: number[] = [];
    const watched = {
      ...prior,
      denoise: (...args: Parameters<Prior["denoise"]>) => {
        seen.push(args[0].size / 3);
        return prior.denoise(...args);
      },
    };
    await solve({ image, task: { name: "inpaint", mask }, noise: 0, prior: watched, ...quick });
    expect(Math.max(...seen)).toBeLessThan(100 * 100);
  });

  it("repeats itself for a seed, differs for another, and never lets a sample depend on the others", async () => {
    const image = picture(24, 20, 3);
    const task = { name: "inpaint", mask: holes(24, 20) } as const;
    const draw = (seed: number, samples: number) => solve({ image, task, noise: 0, seed, samples, ...quick });
    const [two, one, again, other] = [await draw(5, 2), await draw(5, 1), await draw(5, 1), await draw(6, 1)];
    expect(two.images.length).toBe(2);
    expect(again.images[0].data).toEqual(one.images[0].data);
    expect(two.images[0].data).toEqual(one.images[0].data);
    expect(two.images[1].data).not.toEqual(one.images[0].data);
    expect(other.images[0].data).not.toEqual(one.images[0].data);
  });

  it("stops within a step and keeps what there is; stopping there again gives the same picture", async () => {
    const image = picture(24, 20, 3);
    const task = { name: "inpaint", mask: holes(24, 20) } as const;
    const request = { image, task, noise: 0, preset: "fast", options: { steps: 20, inner: 1 } } as const;
    const controller = new AbortController();
    const stopped = await solve({
      ...request,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 4) controller.abort();
      },
    });
    expect(stopped.stopped).toBe(true);
    expect(stopped.steps).toBe(4);
    const again = await solve({ ...request, stopAfter: 4 });
    expect(again.stopped).toBe(true);
    expect(again.images[0].data).toEqual(stopped.images[0].data);
  });

  it("keeps the finished tiles of a stopped picture, and a first guess of the others", async () => {
    const image = picture(150, 40, 3);
    const task = { name: "deblur", kernel: { type: "gaussian", std: 0.5 } } as const;
    const request = { image, task, noise: 0.05, tileSize: 64, ...quick };
    const full = await solve(request);
    const part = await solve({ ...request, stopAfter: full.steps / full.tiles });
    expect(part.stopped).toBe(true);
    expect(part.steps).toBe(full.steps / full.tiles);
    const left = (r: typeof full) => r.images[0].data.slice(0, 20);
    const right = (r: typeof full) => r.images[0].data.slice(130, 150);
    expect(left(part)).toEqual(left(full));
    expect(right(part)).not.toEqual(right(full));
    expect(part.images[0].data.every(Number.isFinite)).toBe(true);
  });

  it("gives up without a picture when it is stopped at once", async () => {
    const request = { image: picture(16, 12, 3), task: { name: "denoise" }, noise: 0.1 } as const;
    await expect(solve({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  });

  it("estimates the noise that it is not told", async () => {
    const clean = createImage(64, 64, 3, new Float32Array(3 * 64 * 64).fill(0.5));
    const noisy = await degrade({ image: clean, task: { name: "denoise" }, noise: 0.08, engine });
    const { noise } = await solve({ image: noisy, task: { name: "denoise" } });
    expect(noise.source).toBe("estimated");
    expect(Math.abs(noise.sigma / 0.08 - 1)).toBeLessThan(0.1);
  });

  it("reports progress that grows to one", async () => {
    const fractions: number[] = [];
    const task = { name: "inpaint", mask: holes(24, 20) } as const;
    const onProgress = ({ fraction }: { fraction: number }) => fractions.push(fraction);
    await solve({ image: picture(24, 20, 3), task, noise: 0, samples: 2, ...quick, onProgress });
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.every((f, i) => i === 0 || f > fractions[i - 1])).toBe(true);
  });

  it.each([
    ["a picture below 8x8", { image: picture(1, 1, 3), task: { name: "denoise" } }, "size-mismatch"],
    ["noise above 1", { image: picture(16, 16, 3), task: { name: "denoise" }, noise: 25 }, "invalid-option"],
    [
      "noise that is no number",
      { image: picture(16, 16, 3), task: { name: "denoise" }, noise: Number.NaN },
      "invalid-option",
    ],
    [
      "an unknown solver",
      { image: picture(16, 16, 3), task: { name: "denoise" }, noise: 0.1, solver: "magic" },
      "invalid-option",
    ],
    [
      "an unknown option",
      { image: picture(16, 16, 3), task: { name: "denoise" }, noise: 0.1, options: { speed: 9 } },
      "invalid-option",
    ],
    ["no mask", { image: picture(16, 16, 3), task: { name: "inpaint" } }, "invalid-option"],
    [
      "a mask of another size",
      { image: picture(16, 16, 3), task: { name: "inpaint", mask: holes(24, 20) } },
      "size-mismatch",
    ],
    [
      "a mask of everything",
      { image: picture(16, 16, 3), task: { name: "inpaint", mask: createMask(16, 16, new Uint8Array(256)) } },
      "invalid-operator",
    ],
    ["a broken scale", { image: picture(16, 16, 3), task: { name: "super-resolution", scale: 2.5 } }, "invalid-option"],
    ["no samples", { image: picture(16, 16, 3), task: { name: "denoise" }, noise: 0.1, samples: 0 }, "invalid-option"],
  ] as const)("refuses %s", async (_, request, code) => {
    await expect(solve(request as never)).rejects.toMatchObject({ code });
  });
});

describe("degrade", () => {
  it("adds noise of the given strength, the same for the same seed", async () => {
    const image = createImage(64, 64, 3, new Float32Array(3 * 64 * 64).fill(0.5));
    const draw = (seed: number) => degrade({ image, task: { name: "denoise" }, noise: 0.05, seed, engine });
    const [a, b, c] = [await draw(1), await draw(1), await draw(2)];
    const std = Math.sqrt(a.data.reduce((sum, v) => sum + (v - 0.5) ** 2, 0) / a.data.length);
    expect(Math.abs(std / 0.05 - 1)).toBeLessThan(0.03);
    expect(b.data).toEqual(a.data);
    expect(c.data).not.toEqual(a.data);
  });

  it("makes missing pixels transparent and leaves the rest alone", async () => {
    const image = picture(24, 20, 3);
    const mask = holes(24, 20);
    const damaged = await degrade({ image, task: { name: "inpaint", mask }, engine });
    expect(Array.from(damaged.alpha ?? [])).toEqual(Array.from(mask.known));
    expect(damaged.data.every((v, i) => !mask.known[i % 480] || Math.abs(v - image.data[i]) < 1e-6)).toBe(true);
  });

  it("shrinks, also where the factor does not divide the size, and takes colour away", async () => {
    const image = picture(25, 18, 3);
    const small = await degrade({ image, task: { name: "super-resolution", scale: 4, kernel: "box" }, engine });
    expect([small.width, small.height]).toEqual([7, 5]);
    const grey = await degrade({ image, task: { name: "colorize" }, engine });
    expect(grey.channels).toBe(1);
    const expected = 0.299 * image.data[0] + 0.587 * image.data[450] + 0.114 * image.data[900];
    expect(grey.data[0]).toBeCloseTo(expected, 5);
  });
});
