import { describe, expect, it } from "vitest";
import { poisson } from "../../src/random/index.ts";

const stream = { seed: 5, purpose: "photons" };
const many = (rate: number, n = 40_000) => poisson(stream, new Float64Array(n).fill(rate));

describe("poisson", () => {
  it.each([0.01, 0.7, 3, 40, 255, 499.5, 501, 20_000])("has mean, variance and skewness of rate %s", (rate) => {
    const counts = many(rate);
    const n = counts.length;
    const mean = counts.reduce((a, b) => a + b, 0) / n;
    const moment = (k: number) => counts.reduce((s, v) => s + (v - mean) ** k, 0) / n;
    const variance = moment(2);
    expect(Math.abs(mean - rate)).toBeLessThan(4 * Math.sqrt(rate / n));
    // The variance of a variance is (μ₄ − σ⁴)/n, μ₄ = λ + 3λ².
    expect(Math.abs(variance - rate)).toBeLessThan(4 * Math.sqrt((rate + 2 * rate * rate) / n));
    if (rate >= 3)
      expect(Math.abs(moment(3) / variance ** 1.5 - 1 / Math.sqrt(rate))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(counts.every((v) => Number.isInteger(v) && v >= 0)).toBe(true);
  });

  it("has the probabilities of the distribution", () => {
    const counts = many(2);
    let probability = Math.exp(-2);
    for (let k = 0; k < 8; k++) {
      const share = counts.filter((v) => v === k).length / counts.length;
      expect(Math.abs(share - probability)).toBeLessThan(4 * Math.sqrt(probability / counts.length));
      probability *= 2 / (k + 1);
    }
  });

  it("gives 0 for no light, and each count by its place alone", () => {
    expect(Array.from(poisson(stream, [0, 0, 0]))).toEqual([0, 0, 0]);
    const rates = Float64Array.from({ length: 31 }, (_, i) => 40 * i);
    const all = poisson(stream, rates);
    expect(Array.from(poisson(stream, rates.slice(0, 7)))).toEqual(Array.from(all.slice(0, 7)));
    expect(Array.from(poisson({ ...stream, seed: 6 }, rates))).not.toEqual(Array.from(all));
  });
});
