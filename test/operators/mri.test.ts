import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adjoint, createOperator, maskBits } from "../../src/operators/index.ts";
import { mri } from "../../src/operators/mri.ts";
import { syntheticCoils } from "../../src/operators/mri-coils.ts";
import { type Sampling, samplingMask, samplingPatterns } from "../../src/operators/mri-sampling.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";

interface Parts {
  re: number[];
  im: number[];
}
interface Golden {
  scans: { height: number; width: number; mask: number[]; maps: Parts; x: Parts; single: Parts; multi: Parts }[];
}
// Made by golden/make-kspace.py with NumPy.
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/kspace.json", import.meta.url), "utf8"));
const value = (t: Tensor) => evaluate([t])[0].data;
const tensor = (data: readonly number[], shape: readonly number[]) =>
  constant(Float64Array.from(data), shape, "float32");

/** Planes re, im of each coil side by side. */
function interleaved({ re, im }: Parts, area: number): number[] {
  return Array.from({ length: re.length / area }, (_, k) => k).flatMap((k) => [
    ...re.slice(k * area, (k + 1) * area),
    ...im.slice(k * area, (k + 1) * area),
  ]);
}

describe.each(golden.scans)("$height×$width, as NumPy", ({ height, width, mask, maps, x, single, multi }) => {
  const bits = maskBits(mask, height, width);
  const known = bits.type === "bits" ? bits.known : "";
  const area = height * width;
  const picture = tensor([...x.re, ...x.im], [1, 2, height, width]);

  it("scans complex pictures with one coil", () => {
    const operator = mri({ mask: known, picture: "complex" }, [1, 2, height, width]);
    expectClose(value(operator.apply(picture)), interleaved(single, area), 1e-11);
  });

  it("scans complex pictures with several coils, whose maps it normalises", () => {
    const given = { coils: 3, height, width, ...maps };
    const operator = mri({ mask: known, maps: given, picture: "complex" }, [1, 2, height, width]);
    expect(operator.range).toEqual([1, 6, height, width]);
    expectClose(value(operator.apply(picture)), interleaved(multi, area), 1e-11);
  });

  it("scans each channel of a real picture", () => {
    const real = mri({ mask: known }, [1, 2, height, width]);
    const complex = mri({ mask: known, picture: "complex" }, [1, 2, height, width]);
    const zero = new Array(area).fill(0);
    const each = [x.re, x.im].map((part) => value(complex.apply(tensor([...part, ...zero], [1, 2, height, width]))));
    expectClose(value(real.apply(picture)), [...each[0], ...each[1]], 1e-12);
  });
});

describe("sampling", () => {
  const sampling = (over: Partial<Sampling>): Sampling => ({
    pattern: "random",
    acceleration: 4,
    centre: 0.08,
    seed: 1,
    ...over,
  });
  const count = (mask: Uint8Array) => mask.reduce((sum, v) => sum + v, 0);

  it.each(samplingPatterns)("%s: measures one entry in four, the middle, and the same ones for a seed", (pattern) => {
    const mask = samplingMask(sampling({ pattern }), 48, 64);
    expect(count(mask) / mask.length).toBeGreaterThan(0.22);
    expect(count(mask) / mask.length).toBeLessThan(0.28);
    expect(mask[24 * 64 + 32]).toBe(1);
    expect(samplingMask(sampling({ pattern }), 48, 64)).toEqual(mask);
    expect(samplingMask(sampling({ pattern, seed: 2 }), 48, 64)).not.toEqual(mask);
  });

  it.each(["random", "equispaced", "gaussian"] as const)("%s: whole lines along the height", (pattern) => {
    const mask = samplingMask(sampling({ pattern }), 20, 64);
    for (let k = 0; k < mask.length; k++) expect(mask[k]).toBe(mask[k % 64]);
  });

  it.each(["gaussian", "gaussian-2d", "poisson"] as const)("%s: denser in the middle", (pattern) => {
    const mask = samplingMask(sampling({ pattern, centre: 0.02 }), 64, 64);
    const inner = mask.filter((v, k) => v && Math.abs((k % 64) - 31.5) < 16).length;
    expect(inner / count(mask)).toBeGreaterThan(0.6);
  });

  it("poisson: points outside the middle keep their distance", () => {
    const mask = samplingMask(sampling({ pattern: "poisson", acceleration: 8 }), 64, 64);
    let touching = 0;
    for (let i = 0; i < 64; i++)
      for (let j = 0; j < 63; j++) {
        const outer = Math.hypot(i - 32, j - 32) > 20;
        if (outer && mask[i * 64 + j] && mask[i * 64 + j + 1]) touching++;
      }
    expect(touching).toBeLessThan(4);
  });
});

it("makes coils whose sensitivities add up to 1, each strongest on its own side", () => {
  const { re, im } = syntheticCoils(4, 16, 16);
  for (let p = 0; p < 256; p++) {
    const sum = [0, 1, 2, 3].reduce((s, c) => s + re[c * 256 + p] ** 2 + im[c * 256 + p] ** 2, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
  }
  const size = (c: number, p: number) => Math.hypot(re[c * 256 + p], im[c * 256 + p]);
  expect(size(0, 8 * 16 + 15)).toBeGreaterThan(2 * size(0, 8 * 16));
});

it("SENSE: several coils make up for what was not measured", () => {
  const domain = [1, 1, 16, 16];
  const x = tensor(
    Array.from({ length: 256 }, (_, k) => Math.sin(0.7 * (k % 16)) * Math.cos(0.05 * k)),
    domain,
  );
  const error = (coils: number) => {
    const operator = mri({ coils, acceleration: 2, pattern: "equispaced", picture: "real" }, domain);
    const back = value(operator.pseudoInverse?.(operator.apply(x)) as Tensor);
    return Math.sqrt(back.reduce((s, v, k) => s + (v - value(x)[k]) ** 2, 0) / 256);
  };
  expect(error(8)).toBeLessThan(0.3 * error(1));
});

it("has the zero-filled picture as the pseudo-inverse of a single coil on complex pictures", () => {
  const operator = createOperator({ name: "mri-complex" }, { domain: [1, 2, 8, 8] });
  const y = tensor(
    Array.from({ length: 128 }, (_, k) => Math.cos(k * k)),
    operator.range,
  );
  const back = operator.pseudoInverse?.(y) as Tensor;
  expectClose(value(back), value(adjoint(operator, y)), 1e-12);
});

it("refuses maps of another size and masks that measure nothing", () => {
  const maps = { coils: 1, height: 2, width: 2, re: [1, 1, 1, 1], im: [0, 0, 0, 0] };
  expect(() => mri({ maps }, [1, 1, 4, 4])).toThrow(/coil maps: expected 1 maps of 4x4/);
  expect(() => mri({ mask: "AAA=" }, [1, 1, 4, 4])).toThrow(/expected an entry that is measured/);
  expect(() => mri({ picture: "complex" }, [1, 3, 4, 4])).toThrow(/mri-complex: expected \[N, 2, 4, 4\]/);
});
