import { describe, expect, it } from "vitest";
import { ddimStep } from "../../src/diffusion/index.ts";
import type { Operator } from "../../src/operators/operator.ts";
import { exactMoments, exactPosterior, gaussian } from "../../src/priors/exact.ts";
import { gaussianPrior, mixturePrior } from "../../src/priors/index.ts";
import { pigdm } from "../../src/solvers/pigdm.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { G2, M1 } from "../helpers/problems.ts";

const zero = (_: string, size: number) => new Float64Array(size);
const sigma = 0.7;
const at = (next: number) => ({ kind: "step", sigma, scalars: { sigma, next } });
const g2 = (options: Record<string, unknown>, more = {}) =>
  prepare({ solver: pigdm, ...g2Problem, ...more, options: { clip: false, ...options } }, 1);
const likelihood = [-0.1137748949, -0.0712374342];

describe("one step on the Gaussian problem G2", () => {
  it("'score' guides by the likelihood score", () => {
    const { estimate } = g2({ guidance: "score" }).step(at(0.3), { x: [1, 1] }, zero, ["estimate"]);
    expectClose(
      estimate,
      [1.1120527307, 0.3134023854].map((d, i) => d + sigma ** 2 * likelihood[i]),
      1e-9,
    );
  });

  it("'published' adds w r² times it to the unconditional step", () => {
    const run = (weight: number) => g2({ weight }).step(at(0.3), { x: [1, 1] }, zero, ["next.x"])["next.x"];
    const [free, guided] = [run(0), run(1.5)];
    const x = constant([1, 1]);
    const d = constant([1.1120527307, 0.3134023854]);
    const [{ data }] = evaluate([ddimStep(x, d, constant(sigma), constant(0.3), constant([0, 0]))]);
    expectClose(free, data, 1e-9);
    const variance = sigma ** 2 / (1 + sigma ** 2);
    expectClose(
      guided.map((v, i) => v - free[i]),
      likelihood.map((g) => 1.5 * variance * g),
      1e-9,
    );
  });

  it("is continuous at vanishing noise", () => {
    const run = (sigmaY: number) => g2({}, { sigmaY }).step(at(0.3), { x: [1, 1] }, zero, ["next.x"])["next.x"];
    expectClose(run(1e-6), run(0), 1e-10);
  });

  it("starts at A†y with noise of the first level", () => {
    const { x } = g2({ grid: "karras", sigmaMax: 50 }).init((_, size) => new Float64Array(size).fill(1));
    expectClose(x, [0.96 + 50, 0.48 + 50], 1e-9);
  });
});

it("is the exact guided denoiser where the covariance is cI", () => {
  const c = 0.3;
  const prior = gaussian([0.5, -0.25], [[c, 0], [0, c]]); // biome-ignore format: a matrix
  const denoise = mixturePrior(prior).denoise;
  const p = g2({ guidance: "score", dataVariance: c }, { denoise });
  for (const x of [
    [1, 1],
    [-0.4, 2],
  ]) {
    const { estimate } = p.step(at(0.3), { x }, zero, ["estimate"]);
    expectClose(estimate, exactMoments(exactPosterior(prior, G2.measurement), x, sigma).denoised, 1e-10);
  }
});

it("on a mixture, weighs the residual by J as it is there", () => {
  const { A, sigmaY, y } = M1.measurement;
  const [[a]] = A;
  const { denoise } = mixturePrior(M1.prior);
  const p = prepare(
    { solver: pigdm, operator: matrixOperator(A), denoise, sigmaY, y, options: { clip: false, guidance: "score" } },
    1,
  );
  const { estimate } = p.step({ kind: "step", sigma: 1, scalars: { sigma: 1, next: 0.3 } }, { x: [0.2] }, zero, [
    "estimate",
  ]);
  const [d, j] = [0.4965276184, 0.7528325339];
  expect(estimate[0]).toBeCloseTo(d + (j * a * (y[0] - a * d)) / (0.5 * a * a + sigmaY ** 2), 9);
});

// ΠGDM takes the prior's variance for r² = σ²/(1+σ²): right for c = 1 alone. The truth is -0.9192, 1.0101 and 1.8519, 0.0370.
describe("the bias of r² on N(0, c)", () => {
  const run = (c: number, a: number, sigmaY: number, y: number, eta: number, steps: number, sigmaMax: number) =>
    propagate(
      {
        solver: pigdm,
        operator: matrixOperator([[a]]),
        denoise: gaussianPrior([0], [[c]]).denoise,
        sigmaY,
        y: [y],
        options: { clip: false, guidance: "score", grid: "karras", eta, steps, sigmaMin: 0.002, sigmaMax },
      },
      { mean: [0], variance: sigmaMax ** 2 },
    );
  // Both samplers converge like 1/steps: two runs, extrapolated to infinitely many.
  const limit = (...[c, a, s, y, eta, max]: [number, number, number, number, number, number]) => {
    const [coarse, fine] = [400, 800].map((steps) => run(c, a, s, y, eta, steps, max));
    return [2 * fine.mean[0] - coarse.mean[0], 2 * fine.covariance[0][0] - coarse.covariance[0][0]];
  };

  it("reverse SDE", () => {
    const [wide, narrow] = [limit(2, 0.7, 1, -1.3, 1, 1000), limit(0.5, 1, 0.2, 2, 1, 1000)];
    expect(Math.abs(wide[0] + 0.9906)).toBeLessThan(2e-4);
    expect(Math.abs(wide[1] - 0.978)).toBeLessThan(1e-3);
    expect(Math.abs(narrow[0] - 1.7918)).toBeLessThan(2e-4);
    expect(Math.abs(narrow[1] - 0.0395)).toBeLessThan(1e-4);
  });

  it("probability-flow ODE", () => {
    // Its start at mean 0 leaves an error of the order 1/σ_max: 1.6483 belongs to 100, the limit is 1.6505.
    const [mean, variance] = limit(0.5, 1, 0.2, 2, 0, 100);
    expect(Math.abs(mean - 1.6483)).toBeLessThan(1e-4);
    expect(Math.abs(variance - 0.0521)).toBeLessThan(1e-4);
  });
});

describe("without noise", () => {
  const known = constant([1, 0], [1, 1, 1, 2]);
  const mask: Operator = {
    name: "inpaint",
    domain: [1, 1, 1, 2],
    range: [1, 1, 1, 2],
    linear: true,
    apply: (x) => x.mul(known),
    pseudoInverse: (y) => y.mul(known),
    known,
    observed: known,
    normSquared: 1,
    toJSON: () => ({ name: "inpaint" }),
  };

  it.each(["published", "score"])("a mask overwrites what is measured and guides the rest (%s)", (guidance) => {
    const p = g2({ guidance }, { operator: mask, sigmaY: 0, y: [0.9, 0] });
    const { estimate } = p.step(at(0.3), { x: [1, 1] }, zero, ["estimate"]);
    const d = [1.1120527307, 0.3134023854];
    const g = 0.263653484 * (0.9 - d[0]); // J is symmetric; its entry between the two pixels
    expect(estimate[0]).toBeCloseTo(0.9, 12);
    expect(estimate[1]).toBeCloseTo(d[1] + (guidance === "score" ? 1 + sigma ** 2 : 1) * g, 9);
  });

  it("takes a map that stands in for A†, where A is not linear", () => {
    const doubled: Operator = {
      name: "hdr",
      domain: [1, 1, 1, 2],
      range: [1, 1, 1, 2],
      linear: false,
      apply: (x) => x.mul(2).clip(-1, 1),
      pseudoInverse: (y) => y.mul(0.5),
      normSquared: 4,
      toJSON: () => ({ name: "hdr" }),
    };
    const p = g2({}, { operator: doubled, sigmaY: 0.1, y: [0.8, 0.2] });
    const { estimate } = p.step(at(0.3), { x: [1, 1] }, zero, ["estimate"]);
    const [d, residual] = [[1.1120527307, 0.3134023854], [0.4 - 0.5, 0.1 - 0.3134023854]]; // biome-ignore format: short
    const J = [[0.5649717514, 0.263653484], [0.263653484, 0.3452605148]]; // biome-ignore format: a matrix
    expectClose(
      estimate,
      d.map((v, i) => v + J[0][i] * residual[0] + J[1][i] * residual[1]),
      1e-9,
    );
  });
});
