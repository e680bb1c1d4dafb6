import { expect, it } from "vitest";
import { erf } from "../../src/tensor/erf.ts";

// mpmath.erf(x) at 30 digits
it.each([
  [0, 0],
  [1e-8, 1.1283791670955126e-8],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [2.9, 0.9999589021219005],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [10, 1],
])("erf(%f)", (x, expected) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThan(2e-13);
  expect(erf(-x)).toBe(-erf(x));
});
