import { describe, expect, it } from "vitest";
import { denoiseDct, enlarge } from "../../../src/operators/baselines/index.ts";
import { addNoise, createOperator, type OperatorSpec } from "../../../src/operators/index.ts";
import { constant, evaluate, sizeOf } from "../../../src/tensor/index.ts";

const [height, width] = [48, 60];
const domain = [1, 3, height, width];

/** Discs and a ramp, in three colours: edges and smooth parts. */
const picture = Float64Array.from({ length: 3 * height * width }, (_, k) => {
  const [c, i, j] = [Math.floor(k / (height * width)), Math.floor(k / width) % height, k % width];
  const disc = (y: number, x: number, r: number) => ((i - y) ** 2 + (j - x) ** 2 < r * r ? 1 : 0);
  return -0.6 + 0.01 * j * (c + 1) * 0.5 + 0.7 * disc(20, 18, 12) - 0.5 * disc(30, 44, 9) * (c === 1 ? 1 : 0.3);
});
const rms = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((s, v, i) => s + (v - b[i]) ** 2, 0) / a.length);

function simulate(spec: OperatorSpec, sigma: number) {
  const operator = createOperator(spec, { domain });
  const clean = evaluate([operator.apply(constant(picture, domain, "float32"))])[0].data;
  const y = addNoise(clean, { sigma }, { seed: 2, purpose: "measurement" });
  return { operator, y, estimate: operator.estimate?.(y, sigma) ?? new Float64Array() };
}

describe("DCT denoising", () => {
  it.each([0.05, 0.1, 0.2, 0.4])("takes away most of noise of %s", (sigma) => {
    const { y, estimate } = simulate({ name: "denoise" }, sigma);
    expect(rms(estimate, picture)).toBeLessThan(0.45 * rms(y, picture));
  });

  it("does nothing where there is no noise", () => {
    expect(denoiseDct(picture, [3, height, width], 0)).toEqual(picture);
  });

  it("keeps a constant, also in pictures smaller than a patch", () => {
    for (const [h, w] of [
      [1, 1],
      [3, 20],
      [9, 8],
    ]) {
      const flat = new Float64Array(h * w).fill(0.3);
      expect(rms(denoiseDct(flat, [1, h, w], 0.2), flat)).toBeLessThan(1e-12);
    }
  });
});

describe("Wiener deconvolution", () => {
  const kernels = [
    { type: "gaussian", std: 1.5 },
    { type: "motion", length: 7, angle: 25 },
  ];
  it.each(kernels)("sharpens what $type blurred", (kernel) => {
    const { y, estimate } = simulate({ name: "blur", kernel }, 0.02);
    expect(rms(estimate, picture)).toBeLessThan(0.85 * rms(y, picture));
  });

  it("undoes a mild blur without noise", () => {
    const kernel = { type: "gaussian", std: 0.5 };
    const { y, estimate } = simulate({ name: "blur", kernel, border: "circular" }, 0);
    expect(rms(estimate, picture)).toBeLessThan(0.02);
    expect(rms(estimate, picture)).toBeLessThan(0.2 * rms(y, picture));
  });

  it("leaves no seam at a mirrored border", () => {
    const { estimate } = simulate({ name: "blur", kernel: { type: "gaussian", std: 1.5 } }, 0.02);
    const edge = (x: ArrayLike<number>) => Array.from(x).filter((_, k) => k % width < 3 || k % width >= width - 3);
    expect(rms(edge(estimate), edge(picture))).toBeLessThan(2 * rms(estimate, picture));
  });
});

describe("bicubic enlargement", () => {
  it("gives a ramp back", () => {
    const ramp = Float64Array.from({ length: 100 }, (_, k) => 0.02 * Math.floor(k / 10) + 0.05 * (k % 10));
    const got = enlarge(ramp, [1, 10, 10], 30, 30, 3);
    for (let i = 6; i < 24; i++)
      for (let j = 6; j < 24; j++)
        expect(got[i * 30 + j]).toBeCloseTo(0.02 * ((i + 0.5) / 3 - 0.5) + 0.05 * ((j + 0.5) / 3 - 0.5), 12);
  });

  it("is what super-resolution starts from, closer than the nearest pixel", () => {
    const { operator, estimate, y } = simulate({ name: "super-resolution", scale: 2 }, 0);
    const nearest = evaluate([operator.pseudoInverse?.(constant(y, operator.range)) ?? constant(0)])[0].data;
    expect(estimate.length).toBe(sizeOf(domain));
    expect(rms(estimate, picture)).toBeLessThan(rms(nearest, picture));
  });

  it("refuses a measurement of another size", () => {
    expect(() => enlarge([1, 2], [1, 1, 3], 2, 6, 2)).toThrow("measurement: expected 1×1×3 = 3 values, got 2");
  });
});

describe("other starts", () => {
  it("colour a grey picture grey so that it measures as it should", () => {
    const { operator, y, estimate } = simulate({ name: "colorize", weights: "luma" }, 0);
    const again = evaluate([operator.apply(constant(estimate, domain, "float32"))])[0].data;
    expect(rms(again, y)).toBeLessThan(1e-6);
    expect(estimate.slice(0, y.length)).toEqual(estimate.slice(y.length, 2 * y.length));
  });

  it("fill holes better than mid grey does", () => {
    const { y, estimate } = simulate({ name: "inpaint", mask: { type: "random", missing: 0.6, seed: 1 } }, 0);
    expect(rms(estimate, picture)).toBeLessThan(0.4 * rms(y, picture));
  });
});
