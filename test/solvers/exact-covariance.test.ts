import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactMoments, exactPosterior, gaussian } from "../../src/priors/exact.ts";
import { mixturePrior } from "../../src/priors/index.ts";
import { exactCovariance } from "../../src/solvers/exact-covariance.ts";
import { constant, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { type Float64Problem, prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { G2, M1 } from "../helpers/problems.ts";

const zero = (_: string, size: number) => new Float64Array(size);
const guided = (problem: Omit<Float64Problem<unknown>, "solver">, x: number[], sigma: number, samples = 1) =>
  prepare({ ...problem, solver: exactCovariance, options: { clip: false, ...problem.options } }, samples).step(
    { kind: "step", sigma, scalars: { sigma, next: sigma / 2 } },
    { x },
    zero,
    ["estimate"],
  ).estimate;

describe("one step on the Gaussian problem G2", () => {
  it.each(["vjp", "jvp", "symmetric"])("is the exact guided denoiser (%s)", (product) => {
    const estimate = guided({ ...g2Problem, options: { product } }, [1, 1], 0.7);
    expectClose(estimate, [1.0608337157, 0.281332822], 1e-9);
    const g = [-0.104528602, -0.0654480887];
    expectClose(
      estimate.map((v, i) => (v - [1.1120527307, 0.3134023854][i]) / 0.49),
      g,
      1e-8,
    );
  });

  it("never mixes samples", () => {
    const both = guided({ ...g2Problem, options: { cgSteps: 3 } }, [1, 1, -3, 0.5], 0.7, 2);
    expectClose(both.slice(0, 2), guided({ ...g2Problem, options: { cgSteps: 3 } }, [1, 1], 0.7), 1e-13);
    expectClose(both.slice(2), guided({ ...g2Problem, options: { cgSteps: 3 } }, [-3, 0.5], 0.7), 1e-13);
  });
});

it("is exact for any Gaussian and matrix, with as many iterations as measurements", () => {
  const number = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true, noDefaultInfinity: true });
  const vector = (n: number) => fc.array(number(2), { minLength: n, maxLength: n });
  const rows = (m: number) => fc.array(vector(3), { minLength: m, maxLength: m });
  fc.assert(
    fc.property(rows(3), rows(2), vector(3), vector(2), (factor, A, x, y) => {
      const covariance = factor.map((r, i) =>
        factor.map((q, j) => r.reduce((s, v, k) => s + v * q[k], i === j ? 0.1 : 0)),
      );
      const prior = gaussian([0.2, 0, -0.1], covariance);
      const problem = { operator: matrixOperator(A), denoise: mixturePrior(prior).denoise, sigmaY: 0.5, y };
      const exact = exactMoments(exactPosterior(prior, { A, sigmaY: 0.5, y }), x, 0.8).denoised;
      expectClose(guided({ ...problem, options: { cgSteps: 2 } }, x, 0.8), exact, 1e-8);
    }),
    { numRuns: 40, seed: 1 },
  );
});

it("on a mixture, uses the covariance as it is there", () => {
  const { A, sigmaY, y } = M1.measurement;
  const [[a]] = A;
  const { denoise } = mixturePrior(M1.prior);
  const [estimate] = guided({ operator: matrixOperator(A), denoise, sigmaY, y }, [0.2], 1);
  const [d, j] = [0.4965276184, 0.7528325339];
  expect(estimate).toBeCloseTo(d + (j * a * (y[0] - a * d)) / (j * a * a + sigmaY ** 2), 9);
});

describe("as a sampler on G2 (Euler, Karras 0.002 to 80)", () => {
  const run = (steps: number) =>
    propagate(
      {
        solver: exactCovariance,
        ...g2Problem,
        options: { clip: false, eta: 0, steps, sigmaMin: 0.002, sigmaMax: 80 },
      },
      { mean: [0, 0], variance: 80 ** 2 },
    );
  it.each([
    [20, 0.0186, 0.0607],
    [100, 0.0243, 0.0786],
    [1000, 0.0258, 0.0831],
  ])("with %i steps: variances %f and %f", (steps, first, second) => {
    const { mean, covariance } = run(steps);
    expect(Math.abs(covariance[0][0] - first)).toBeLessThan(5.1e-5);
    expect(Math.abs(covariance[1][1] - second)).toBeLessThan(5.1e-5);
    if (steps === 1000) expectClose(mean, [1.11647, 0.15491], 5.1e-6);
  });
  it("converges to the posterior", () => {
    const [coarse, fine] = [run(500), run(1000)];
    const limit = (i: number, j: number) => 2 * fine.covariance[i][j] - coarse.covariance[i][j];
    const [[a, b], [, c]] = exactPosterior(G2.prior, G2.measurement).covariances[0];
    expectClose([limit(0, 0), limit(0, 1), limit(1, 1)], [a, b, c], 3e-5);
  });
});

describe("a Jacobian that is no covariance", () => {
  const linear = (matrix: number[]) => (x: Tensor) => x.matmul(constant(matrix, [2, 2], "float32").transpose());
  const operator = matrixOperator([
    [1, 0],
    [0, 1],
  ]);

  it("is symmetrised on request", () => {
    const M = [1, 0.6, 0.2, 0.5];
    const S = [1, 0.4, 0.4, 0.5];
    const problem = { operator, sigmaY: 0.3, y: [0.5, -0.2], denoise: linear(M) };
    const [x, sigma] = [[1, 1], 0.7];
    const estimate = guided({ ...problem, options: { product: "symmetric", cgSteps: 2 } }, x, sigma);
    const d = [1.6, 0.7];
    const r = [0.5 - d[0], -0.2 - d[1]];
    const K = S.map((v, i) => 0.49 * v + (i % 3 === 0 ? 0.09 : 0));
    const det = K[0] * K[3] - K[1] * K[2];
    const u = [(K[3] * r[0] - K[1] * r[1]) / det, (K[0] * r[1] - K[2] * r[0]) / det];
    expectClose(
      estimate,
      [d[0] + 0.49 * (M[0] * u[0] + M[2] * u[1]), d[1] + 0.49 * (M[1] * u[0] + M[3] * u[1])],
      1e-10,
    );
  });

  it("ends the iteration where it is negative, and leaves the denoiser's estimate", () => {
    const problem = { operator, sigmaY: 0.3, y: [0.5, -0.2], denoise: linear([-1, 0, 0, -1]) };
    expectClose(guided(problem, [1, 1], 0.7), [-1, -1], 1e-12);
  });
});
