import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coverageOf, levels, pool } from "../../../src/bench/calibrate/coverage.ts";
import { normals } from "../../../src/random/index.ts";

const draw = (sample: number, n: number, scale = 1) =>
  normals({ seed: 1, sample, purpose: "coverage" }, n).map((v) => scale * v);

describe("coverageOf", () => {
  it("is nominal when truth and samples come from one distribution, for any number of samples", () => {
    const n = 40_000;
    for (const k of [2, 3, 7, 16, 39]) {
      const samples = Array.from({ length: k }, (_, i) => draw(i + 1, n));
      const { covered, ranks, pixels } = coverageOf(draw(0, n), samples);
      expect(pixels).toBe(n);
      levels.forEach((level, l) => {
        expect(Math.abs(covered[l] - level), `${k} samples, ${level}`).toBeLessThan(
          4 * Math.sqrt((level * (1 - level)) / n),
        );
      });
      for (const share of ranks) expect(Math.abs(share - 1 / (k + 1))).toBeLessThan(5 / Math.sqrt(n * (k + 1)));
    }
  });

  it("counts ranks by hand", () => {
    const samples = [[1], [2], [3], [4]];
    const rankOf = (truth: number) => coverageOf([truth], samples).ranks;
    expect(rankOf(0)).toEqual([1, 0, 0, 0, 0]);
    expect(rankOf(2.5)).toEqual([0, 0, 1, 0, 0]);
    expect(rankOf(5)).toEqual([0, 0, 0, 0, 1]);
    expect(rankOf(2)).toEqual([0, 0.5, 0.5, 0, 0]); // a tie shares
    // Four samples: [2, 3] covers 20 %, [1, 4] covers 60 %; 50 % is a quarter of the first and three of the second.
    expect(coverageOf([2.5], samples).covered[0]).toBeCloseTo(1, 12);
    expect(coverageOf([1.5], samples).covered[0]).toBeCloseTo(0.75, 12);
    expect(coverageOf([0.5], samples).covered[0]).toBeCloseTo(0, 12);
    expect(coverageOf([0.5], samples).covered[1]).toBeCloseTo(0.5, 12); // 80 %: half of it the whole line
  });

  it("leaves out pixels on which all samples agree", () => {
    const { pixels, covered, spread } = coverageOf(
      [5, 0],
      [
        [5, -1],
        [5, 1],
        [5, 0.5],
      ],
    );
    expect(pixels).toBe(1);
    expect(covered.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(spread).toBeCloseTo(Math.sqrt(((-1 - 1 / 6) ** 2 + (1 - 1 / 6) ** 2 + (0.5 - 1 / 6) ** 2) / 2), 12);
    expect(coverageOf([1], [[1], [1]])).toMatchObject({ pixels: 0 });
  });

  it("shows samples that are too narrow, and too wide", () => {
    const n = 20_000;
    const truth = draw(0, n);
    const at = (scale: number) => {
      const samples = Array.from({ length: 39 }, (_, i) => draw(i + 1, n, scale));
      return pool([coverageOf(truth, samples)], 39);
    };
    // 90 % of N(0, s²) holds 2Φ(1.645 s) − 1 of N(0, 1).
    expect(at(0.5).levels[2].covered).toBeCloseTo(0.589, 1);
    expect(at(2).levels[2].covered).toBeGreaterThan(0.99);
    expect(at(1).spreadSkill).toBeCloseTo(1, 1);
    expect(at(0.5).spreadSkill).toBeCloseTo(0.5, 1);
  });

  it("grows with the level", () => {
    const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(values, fc.array(values, { minLength: 2, maxLength: 20 }), (truth, samples) => {
        const { covered, ranks, pixels } = coverageOf(truth, samples);
        covered.forEach((v, i) => {
          if (i > 0) expect(v).toBeGreaterThanOrEqual(covered[i - 1] - 1e-12);
        });
        if (pixels > 0) expect(ranks.reduce((s, v) => s + v, 0)).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe("pool", () => {
  it("takes the pictures' differences as the error", () => {
    const part = (covered: number) => ({
      covered: [covered, 0.8, 0.9, 1],
      ranks: [1],
      spread: 1,
      error: 1,
      pixels: 10,
    });
    const pooled = pool([part(0.4), part(0.6), { ...part(0), pixels: 0 }], 39);
    expect(pooled).toMatchObject({ pictures: 2, pixels: 20 });
    expect(pooled.levels[0].covered).toBeCloseTo(0.5, 12);
    expect(pooled.levels[0].standardError).toBeCloseTo(0.1, 12);
    expect(pool([part(0.4)], 39).levels[0]).toEqual({ level: 0.5, covered: 0.4 });
  });
});
