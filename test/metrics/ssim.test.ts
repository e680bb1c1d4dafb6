import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mae, mse, psnr } from "../../src/metrics/error.ts";
import { msSsim, type Planes, ssim } from "../../src/metrics/ssim.ts";

interface Golden {
  height: number;
  width: number;
  channels: number;
  amount: number;
  dataRange: number;
  mse: number;
  psnr: number;
  gaussian: number;
  uniform: number;
  msSsim?: number;
}

// scikit-image 0.26.0: golden/make.py
const cases: Golden[] = JSON.parse(readFileSync(new URL("golden/metrics.json", import.meta.url), "utf8"));

function texture(width: number, height: number, channels: number): Planes & { data: Float64Array } {
  const data = new Float64Array(width * height * channels);
  for (let c = 0, i = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        data[i] = 0.5 + 0.3 * Math.sin(0.31 * x + 0.7 * c) * Math.cos(0.23 * y) + 0.15 * Math.sin(0.011 * x * y + c);
      }
  return { width, height, channels, data };
}

function damage(image: ReturnType<typeof texture>, amount: number): ReturnType<typeof texture> {
  const wave = (k: number) => Math.sin(12.9898 * k + 0.5 * Math.sin(78.233 * k));
  return { ...image, data: image.data.map((value, k) => value + amount * wave(k)) };
}

describe("metrics agree with scikit-image to 1e-6", () => {
  it.each(cases)("$width x $height x $channels, amount $amount, range $dataRange", (golden) => {
    const { dataRange } = golden;
    const a = texture(golden.width, golden.height, golden.channels);
    const b = damage(a, golden.amount);
    const near = (got: number, wanted: number) => expect(Math.abs(got - wanted)).toBeLessThan(1e-9);
    near(mse(a.data, b.data), golden.mse);
    near(psnr(a.data, b.data, dataRange), golden.psnr);
    near(ssim(a, b, { dataRange }), golden.gaussian);
    near(ssim(a, b, { dataRange, window: "uniform" }), golden.uniform);
    if (golden.msSsim !== undefined) near(msSsim(a, b, { dataRange }), golden.msSsim);
  });

  it("has cases of each kind", () => {
    expect(cases.filter((golden) => golden.msSsim !== undefined).length).toBeGreaterThanOrEqual(2);
    expect(cases.filter((golden) => golden.gaussian < 0.5).length).toBeGreaterThanOrEqual(1);
  });
});

describe("ssim", () => {
  it("is one for equal pictures, symmetric, and indifferent to the scale of the range", () => {
    const size = fc.integer({ min: 11, max: 24 });
    fc.assert(
      fc.property(
        size,
        size,
        fc.constantFrom(1, 3),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (w, h, c, amount) => {
          const a = texture(w, h, c);
          const b = damage(a, amount);
          for (const window of ["gaussian", "uniform"] as const) {
            expect(ssim(a, a, { dataRange: 1, window })).toBeCloseTo(1, 12);
            const value = ssim(a, b, { dataRange: 1, window });
            expect(value).toBeLessThan(1);
            expect(ssim(b, a, { dataRange: 1, window })).toBeCloseTo(value, 12);
            const bytes = (p: typeof a) => ({ ...p, data: p.data.map((sample) => sample * 255) });
            expect(ssim(bytes(a), bytes(b), { dataRange: 255, window })).toBeCloseTo(value, 9);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("refuses pictures that differ in size or are smaller than the window", () => {
    const options = { dataRange: 1 };
    expect(() => ssim(texture(12, 11, 1), texture(11, 12, 1), options)).toThrow(/got 12x11x1 and 11x12x1/);
    expect(() => ssim(texture(10, 40, 1), texture(10, 40, 1), options)).toThrow(/at least 11x11 pixels, got 10x40/);
    expect(() => ssim(texture(6, 7, 1), texture(6, 7, 1), { ...options, window: "uniform" })).toThrow(/at least 7x7/);
    expect(() => msSsim(texture(160, 200, 1), texture(160, 200, 1), options)).toThrow(/at least 161x161/);
    const broken = { ...texture(12, 12, 1), data: new Float32Array(5) };
    expect(() => ssim(broken, broken, options)).toThrow(/complete pictures/);
  });
});

describe("psnr, mse, mae", () => {
  it("are what their formulas say", () => {
    expect(mse([1, 2], [1, 4])).toBe(2);
    expect(mae([1, 2], [1, -4])).toBe(3);
    expect(psnr([0, 0], [0.1, 0.1], 1)).toBeCloseTo(20, 12);
    expect(psnr([0, 0], [0.2, -0.2], 2)).toBeCloseTo(20, 12);
    expect(psnr([3], [3], 1)).toBe(Number.POSITIVE_INFINITY);
    expect(psnr([Number.NaN], [3], 1)).toBeNaN();
  });

  it("refuse what has no meaning", () => {
    expect(() => mse([1], [1, 2])).toThrow(/got 1 and 2/);
    expect(() => mae([], [])).toThrow(/got 0 and 0/);
    for (const range of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => psnr([1], [1], range)).toThrow(/data range: expected a positive number/);
    }
  });
});
