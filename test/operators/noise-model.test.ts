import { describe, expect, it } from "vitest";
import { disturb, equivalentSigma, parseNoiseModel } from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";

const flat = (value: number, n = 30_000) => new Float32Array(n).fill(value);
const deviation = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length);
};

describe("disturb", () => {
  it("adds Gaussian noise of the given strength on the 0..1 scale, from the measurement's stream", () => {
    const noisy = disturb(flat(0.2), { kind: "gaussian", sigma: 0.05 }, 9);
    const draws = normals({ seed: 9, purpose: "measurement" }, noisy.length);
    expect(noisy[17]).toBeCloseTo(0.2 + 0.1 * draws[17], 6);
    expect(Array.from(disturb([0.5], { kind: "gaussian", sigma: 0 }, 9))).toEqual([0.5]);
  });

  it("counts photons: whole multiples of 1/(255·rate), of standard deviation √(u/(255·rate))", () => {
    for (const rate of [0.1, 1, 4]) {
      const noisy = disturb(flat(-0.4), { kind: "poisson", rate }, 9);
      const counts = noisy.map((v) => ((v + 1) / 2) * 255 * rate);
      expect(counts.every((v) => Math.abs(v - Math.round(v)) < 1e-3)).toBe(true);
      expect(deviation(noisy) / 2 / Math.sqrt(0.3 / (255 * rate))).toBeCloseTo(1, 1);
    }
  });

  it("keeps Poisson noise within black and white", () => {
    const noisy = disturb(
      Float32Array.of(...flat(1, 500), ...flat(-3, 500), ...flat(2, 500)),
      { kind: "poisson", rate: 0.5 },
      1,
    );
    expect(noisy.every((v) => v >= -1 && v <= 1)).toBe(true);
    expect(noisy.slice(500, 1000).every((v) => v === -1)).toBe(true);
  });

  it("makes the given share black or white, evenly, and leaves the rest", () => {
    const noisy = disturb(flat(0.25), { kind: "salt-pepper", fraction: 0.1 }, 9);
    const share = (value: number) => noisy.filter((v) => v === value).length / noisy.length;
    expect(Math.abs(share(1) - 0.05)).toBeLessThan(0.005);
    expect(Math.abs(share(-1) - 0.05)).toBeLessThan(0.005);
    expect(share(0.25)).toBeCloseTo(1 - share(1) - share(-1), 10);
  });

  it("is the same for one seed and leaves alone what carries no data", () => {
    for (const noise of [
      { kind: "gaussian", sigma: 0.1 },
      { kind: "poisson", rate: 1 },
      { kind: "salt-pepper", fraction: 0.5 },
    ] as const) {
      const y = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i));
      expect(disturb(y, noise, 4)).toEqual(disturb(y, noise, 4));
      expect(disturb(y, noise, 4)).not.toEqual(disturb(y, noise, 5));
      const observed = y.map((_, i) => i % 2);
      const partly = disturb(y, noise, 4, observed);
      expect(partly.every((v, i) => observed[i] === 1 || v === y[i])).toBe(true);
    }
  });
});

describe("equivalentSigma", () => {
  it("is the strength of a Poisson measurement's noise on the whole", () => {
    const y = Float32Array.from({ length: 20_000 }, (_, i) => 0.7 * Math.sin(i / 50));
    const noise = { kind: "poisson", rate: 0.8 } as const;
    const noisy = disturb(y, noise, 2);
    const errors = noisy.map((v, i) => (v - y[i]) / 2);
    expect(equivalentSigma(noise, noisy) / deviation(errors)).toBeCloseTo(1, 1);
    expect(equivalentSigma({ kind: "gaussian", sigma: 0.07 }, y)).toBe(0.07);
  });
});

describe("parseNoiseModel", () => {
  it("takes a number for a Gaussian and refuses what is no noise", () => {
    expect(parseNoiseModel(0.1)).toEqual({ kind: "gaussian", sigma: 0.1 });
    for (const wrong of [-1, 2, Number.NaN, { kind: "poisson", rate: 0 }, { kind: "speckle" }, undefined])
      expect(() => parseNoiseModel(wrong)).toThrow("noise: expected a standard deviation from 0 to 1");
  });
});
