import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { enlarge } from "../../src/operators/baselines/resample.ts";
import {
  createOperator,
  fillMissing,
  gaussianTaps,
  motionKernel,
  type OperatorSpec,
} from "../../src/operators/index.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";

interface Picture {
  shape: [number, number];
  data: number[];
}
interface Golden {
  picture: Picture;
  large: Picture;
  gaussian: Record<string, number[]>;
  convolve: Record<string, number[]>;
  dpsKernelRow: number[];
  motion: { length: number; angle: number; height: number; width: number; data: number[] }[];
  enlarged: number[];
  uniformQuirk: number[];
  fill: { shape: [number, number]; known: number[]; data: number[]; harmonic: number[]; distance: number[] };
}
// Made by golden/make.py with SciPy, Pillow and NumPy.
const golden: Golden & Record<string, Record<string, number[]>> = JSON.parse(
  readFileSync(new URL("./golden/operators.json", import.meta.url), "utf8"),
);

function measure(spec: OperatorSpec, { shape, data }: Picture): Float64Array {
  const domain = [1, 1, ...shape];
  const x = constant(Float64Array.from(data), domain, "float32");
  return evaluate([createOperator(spec, { domain }).apply(x)])[0].data;
}

function close(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(got[i] - expected[i])).toBeLessThan(tolerance);
}

const borders = ["reflect", "zero", "circular"];
const lopsided = { type: "array", height: 3, width: 4, values: [1, 2, 0, 3, 0, 5, 1, 0, 2, 0, 0, 1] };

describe("blur", () => {
  it.each(borders)("by a Gaussian, %s: scipy.ndimage.gaussian_filter", (border) => {
    const got = measure({ name: "blur", kernel: { type: "gaussian", std: 1.3 }, border }, golden.picture);
    close(got, golden.gaussian[border], 1e-11);
  });

  it.each(borders)("by a kernel without symmetry, %s: scipy.ndimage.convolve", (border) => {
    close(measure({ name: "blur", kernel: lopsided, border }, golden.picture), golden.convolve[border], 1e-11);
  });

  it("has the taps of DPS's 61×61 kernel of std 3", () => {
    const taps = gaussianTaps(3);
    const row = golden.dpsKernelRow.slice(30 - 12, 30 + 13);
    close(
      taps.map((v) => v * taps[12]),
      row,
      1e-12,
    );
  });

  it("loses the last of nine taps as DDRM's code does, when asked", () => {
    const kernel = { type: "uniform", size: 9, dropLastTap: true };
    close(measure({ name: "blur", kernel, border: "zero" }, golden.large), golden.uniformQuirk, 1e-11);
  });

  it.each(golden.motion)("by motion over $length pixels at $angle°: the time on each pixel", (expected) => {
    const kernel = motionKernel(expected.length, expected.angle);
    expect([kernel.height, kernel.width]).toEqual([expected.height, expected.width]);
    close(kernel.data, expected.data, 1e-6);
    expect(kernel.data.reduce((a, b) => a + b)).toBeCloseTo(1, 13);
  });
});

describe("super-resolution", () => {
  const kinds = [
    ["box", [2, 3, 4], 1e-11],
    ["bicubic", [2, 3, 4, 6], 1e-11],
    ["bicubic-ddrm", [2, 3, 4], 1e-11],
    ["bicubic-pillow", [2, 3, 4], 2e-6], // Pillow computes in float32
  ] as const;
  it.each(kinds.flatMap(([kernel, scales, tolerance]) => scales.map((scale) => ({ kernel, scale, tolerance }))))(
    "by $scale with the kernel $kernel",
    ({ kernel, scale, tolerance }) => {
      close(measure({ name: "super-resolution", scale, kernel }, golden.large), golden[kernel][scale], tolerance);
    },
  );

  it("has one kernel under two published names for even factors", () => {
    close(golden["bicubic-ddrm"]["4"], golden.bicubic["4"], 1e-11);
  });

  it("averages the pixels that a partial last box has", () => {
    const picture: Picture = { shape: [1, 5], data: [1, 3, 5, 7, 11] };
    close(measure({ name: "super-resolution", scale: 2 }, picture), [2, 6, 11], 1e-14);
  });

  it("is enlarged as Pillow does, away from the border", () => {
    const [h, w] = golden.picture.shape;
    const got = enlarge(golden.picture.data, [1, h, w], 2 * h, 2 * w, 2);
    for (let i = 3; i < 2 * h - 3; i++)
      for (let j = 3; j < 2 * w - 3; j++)
        expect(Math.abs(got[i * 2 * w + j] - golden.enlarged[i * 2 * w + j])).toBeLessThan(2e-6);
  });
});

describe("fillMissing", () => {
  const { shape, known, data, harmonic, distance } = golden.fill;
  const mask = { channels: 1, height: shape[0], width: shape[1], known: Uint8Array.from(known) };

  it("solves Laplace's equation in the holes: scipy.sparse.linalg.spsolve", () => {
    const got = fillMissing(data, mask);
    const error = Math.sqrt(got.reduce((s, v, i) => s + (v - harmonic[i]) ** 2, 0) / got.length);
    const spread = Math.sqrt(harmonic.reduce((s, v) => s + v * v, 0) / harmonic.length);
    expect(error).toBeLessThan(2e-3 * spread);
    known.forEach((k, i) => {
      if (k) expect(got[i]).toBe(data[i]);
    });
  });

  it("copies the nearest known pixel: scipy.ndimage.distance_transform_edt", () => {
    // Each known pixel holds its own position, so that the copies say where they come from.
    const positions = Float64Array.from(known, (k, i) => (k ? i : -1));
    const got = fillMissing(positions, mask, "nearest");
    const width = shape[1];
    got.forEach((from, i) => {
      expect(known[from]).toBe(1);
      const gap = Math.hypot(Math.floor(from / width) - Math.floor(i / width), (from % width) - (i % width));
      expect(gap).toBeCloseTo(distance[i], 9);
    });
  });
});
