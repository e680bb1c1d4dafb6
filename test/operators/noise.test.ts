import { describe, expect, it } from "vitest";
import { addNoise, createOperator, measurementSize, observedEntries } from "../../src/operators/index.ts";

const stream = { seed: 5, purpose: "measurement" };

describe("addNoise", () => {
  it("adds noise of the standard deviation asked for, the same for one stream", () => {
    const y = new Float64Array(40_000).fill(0.5);
    const noisy = addNoise(y, { sigma: 0.1 }, stream);
    const mean = noisy.reduce((a, b) => a + b, 0) / y.length;
    const deviation = Math.sqrt(noisy.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length);
    expect(Math.abs(mean - 0.5)).toBeLessThan((4 * 0.1) / 200);
    expect(Math.abs(deviation - 0.1)).toBeLessThan((4 * 0.1) / Math.sqrt(2 * y.length));
    expect(addNoise(y, { sigma: 0.1 }, stream)).toEqual(noisy);
    expect(addNoise(y, { sigma: 0.1 }, { ...stream, sample: 1 })).not.toEqual(noisy);
  });

  it("leaves entries without data alone, and everything at sigma 0", () => {
    const domain = [1, 3, 4, 5];
    const operator = createOperator({ name: "inpaint", mask: { type: "random", missing: 0.4, seed: 1 } }, { domain });
    const observed = observedEntries(operator);
    expect(observed?.length).toBe(60);
    expect(measurementSize(operator, observed)).toBe(36);
    const noisy = addNoise(new Float64Array(60), { sigma: 1 }, stream, observed);
    noisy.forEach((v, k) => {
      expect(v !== 0).toBe(observed?.[k] === 1);
    });
    expect(addNoise([1, 2], { sigma: 0 }, stream)).toEqual(Float32Array.of(1, 2));
    const blur = createOperator({ name: "blur", kernel: { type: "gaussian", std: 1 } }, { domain });
    expect(observedEntries(blur)).toBeUndefined();
    expect(measurementSize(blur, undefined)).toBe(60);
  });

  it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])("refuses sigma = %s", (sigma) => {
    expect(() => addNoise([0], { sigma }, stream)).toThrow("noise: expected a standard deviation of 0 or more");
  });
});
