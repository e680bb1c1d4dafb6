import { describe, expect, it } from "vitest";
import { gaussianPrior } from "../../src/priors/index.ts";
import { dps } from "../../src/solvers/dps.ts";
import { prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";

const g2 = { solver: dps, ...g2Problem };
const sigma = 0.7;
const zero = (_: string, size: number) => new Float64Array(size);

describe("one step on the Gaussian problem G2", () => {
  it("guides by the likelihood score through the network", () => {
    const p = prepare({ ...g2, options: { weight: "bayes", clip: false } }, 1);
    const step = { kind: "step", sigma, scalars: { sigma, next: 0.3 } };
    const { estimate } = p.step(step, { x: [1, 1] }, zero, ["estimate"]);
    const g = [-4.7907630251, -2.9996218941];
    expect(estimate[0]).toBeCloseTo(1.1120527307 + sigma ** 2 * g[0], 8);
    expect(estimate[1]).toBeCloseTo(0.3134023854 + sigma ** 2 * g[1], 8);
  });

  it("takes the gradient of the norm, scaled to variance-preserving coordinates", () => {
    const next = 0.3;
    const step = { kind: "step", sigma, scalars: { sigma, next } };
    const run = (zeta: number) =>
      prepare({ ...g2, options: { zeta, clip: false } }, 1).step(step, { x: [1, 1] }, zero, ["next.x"])["next.x"];
    const [free, guided] = [run(0), run(2)];
    const scale = 2 * Math.sqrt((1 + sigma ** 2) * (1 + next ** 2));
    expect((free[0] - guided[0]) / scale).toBeCloseTo(0.6967984934, 9);
    expect((free[1] - guided[1]) / scale).toBeCloseTo(0.4362837414, 9);
  });
});

// With the plug-in likelihood, DPS is over-confident on a Gaussian: κ = a²c/σ_y² = 4, y = 1, where the posterior is 0.8, 0.2.
describe("the bias of the plug-in likelihood on N(0, 1)", () => {
  const problem = {
    solver: dps,
    operator: matrixOperator([[1]]),
    denoise: gaussianPrior([0], [[1]]).denoise,
    sigmaY: 0.5,
    y: [1],
  };
  const options = { weight: "bayes", clip: false, sigmaMin: 0.002, sigmaMax: 1000 };
  const run = (eta: number, steps: number) =>
    propagate({ ...problem, options: { ...options, eta, steps } }, { mean: [0], variance: 1e6 });

  it("reverse SDE: mean y(1 − e^−κ), variance (1 − e^−2κ)/2κ", () => {
    // The ancestral step converges like 1/steps: extrapolate the two runs to infinitely many.
    const [coarse, fine] = [run(1, 1000), run(1, 2000)];
    expect(2 * fine.mean[0] - coarse.mean[0]).toBeCloseTo(0.98168, 4);
    expect(2 * fine.covariance[0][0] - coarse.covariance[0][0]).toBeCloseTo(0.12496, 4);
  });

  it("probability-flow ODE: mean y√(2κ)·Dawson(√(κ/2)), variance e^−κ", () => {
    const { mean, covariance } = run(0, 2000);
    expect(mean[0]).toBeCloseTo(1.27998, 2);
    expect(covariance[0][0]).toBeCloseTo(0.018316, 3);
  });
});
