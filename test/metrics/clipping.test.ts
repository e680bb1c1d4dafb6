import { describe, expect, it } from "vitest";
import { clippedMoments, shareAt } from "../../src/metrics/clipping.ts";

describe("clippedMoments", () => {
  it("agrees with numerical integration", () => {
    for (const sigma of [0.01, 0.1, 0.3]) {
      const steps = 65;
      const { mean, share } = clippedMoments(sigma, steps);
      for (let i = 0; i < steps; i++) {
        const m = -4 * sigma + ((1 + 8 * sigma) * i) / (steps - 1);
        let [weight, first, second] = [0, 0, 0];
        for (let z = -8; z <= 8; z += 0.001) {
          const w = Math.exp((-z * z) / 2);
          const value = Math.min(1, Math.max(0, m + sigma * z));
          weight += w;
          first += w * value;
          second += w * value * value;
        }
        const wanted = first / weight;
        expect(Math.abs(mean[i] - wanted)).toBeLessThan(1e-6);
        expect(Math.abs(share[i] - (second / weight - wanted ** 2) / sigma ** 2)).toBeLessThan(2e-3);
      }
    }
  });

  it("gives the whole variance in the middle, none at the ends, and the known value at black", () => {
    const moments = clippedMoments(0.1);
    expect(shareAt(moments, 0.5)).toBeCloseTo(1, 4);
    expect(shareAt(moments, 0)).toBeLessThan(1e-3);
    expect(shareAt(moments, 1)).toBeLessThan(1e-3);
    // At m = 0 the clipped noise is max(0, z): mean sigma/sqrt(2 pi), variance sigma^2 (1/2 - 1/(2 pi)).
    expect(shareAt(moments, 0.1 / Math.sqrt(2 * Math.PI))).toBeCloseTo(0.5 - 1 / (2 * Math.PI), 2);
  });
});
