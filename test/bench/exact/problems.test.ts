import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { moments } from "../../../src/bench/exact/compare.ts";
import { matrixOf, matrixOperator, randomOrthogonal } from "../../../src/bench/exact/matrix.ts";
import { createProblem, problemChoices } from "../../../src/bench/exact/problems.ts";
import { sampleMixture } from "../../../src/bench/exact/sampling.ts";
import { exactCovariance, exactMean } from "../../../src/priors/exact.ts";
import { normals } from "../../../src/random/index.ts";
import { constant, evaluate } from "../../../src/tensor/index.ts";
import { expectClose } from "../../helpers/close.ts";

describe("the measurement", () => {
  const factors = { u: randomOrthogonal(3, 1), s: [1, 0.4, 0.1], v: randomOrthogonal(5, 2) };
  const operator = matrixOperator(factors);
  const A = matrixOf(factors);
  const x = constant(normals({ seed: 1, purpose: "x" }, 10), [2, 1, 1, 5]);
  const y = constant(normals({ seed: 1, purpose: "y" }, 6), [2, 1, 1, 3]);
  const value = (t: typeof x) => evaluate([t])[0].data;
  const { svd, pseudoInverse } = operator;
  if (!svd || !pseudoInverse) throw new Error("an SVD and a pseudo-inverse were promised");

  it("has orthogonal factors", () => {
    expectClose(factors.v.mmul(factors.v.transpose()).to1DArray(), Matrix.eye(5).to1DArray(), 1e-12);
  });
  it("is U Σ Vᵀ as a matrix, as an operator and as its decomposition", () => {
    const rows = value(x);
    const expected = [0, 1].flatMap((b) => A.map((row) => row.reduce((s, a, j) => s + a * rows[5 * b + j], 0)));
    expectClose(value(operator.apply(x)), expected, 1e-12);
    expectClose(value(svd.u(svd.singularValues.mul(svd.vt(x)))), expected, 1e-12);
    expectClose(value(svd.v(svd.vt(x))), rows, 1e-12);
    expectClose(value(svd.u(svd.ut(y))), value(y), 1e-12);
  });
  it("has an exact pseudo-inverse and norm", () => {
    expectClose(value(operator.apply(pseudoInverse(operator.apply(x)))), value(operator.apply(x)), 1e-12);
    expect(operator.normSquared).toBe(1);
  });
});

describe("the problems", () => {
  it("have distinct names and three noise levels each", () => {
    const names = problemChoices().map((c) => `${c.family}/${c.measured}/${c.sigmaY}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length % 3).toBe(0);
  });
  it.each(problemChoices().filter((c) => c.sigmaY === 0.1 && !c.family.endsWith("256")))(
    "$family $measured: exact samples have the posterior's moments",
    (choice) => {
      const { posterior, dimension: n } = createProblem(choice);
      const count = 4000;
      const { mean, covariance } = moments(sampleMixture(posterior, count, 3));
      const exact = exactCovariance(posterior);
      const expected = exactMean(posterior);
      for (let i = 0; i < n; i++) {
        expect(Math.abs(mean[i] - expected[i])).toBeLessThan(4.5 * Math.sqrt(exact[i][i] / count));
        expect(Math.abs(covariance[i * (n + 1)] / exact[i][i] - 1)).toBeLessThan(0.25);
      }
    },
  );
  it("draws the same points whatever their number", () => {
    const { prior } = createProblem({ family: "mixture-2", measured: "well", sigmaY: 0.1 });
    expectClose(sampleMixture(prior, 3, 1).data, sampleMixture(prior, 9, 1).data.subarray(0, 6), 1e-15);
  });
});
