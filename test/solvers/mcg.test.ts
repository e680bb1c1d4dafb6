import { describe, expect, it } from "vitest";
import { matrixOperator } from "../../src/bench/exact/matrix.ts";
import { createProblem } from "../../src/bench/exact/problems.ts";
import { ddimStep } from "../../src/diffusion/index.ts";
import { gaussianPrior } from "../../src/priors/index.ts";
import { mcg } from "../../src/solvers/mcg.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, propagate, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const zero = (_: string, size: number) => new Float64Array(size);
const g2 = { solver: mcg, ...g2Problem };
/** Onto the row of A = [1, ½], and off it. */
const along = (v: ArrayLike<number>) => [0.8 * v[0] + 0.4 * v[1], 0.4 * v[0] + 0.2 * v[1]];
const across = (v: ArrayLike<number>) => along(v).map((p, i) => v[i] - p);

describe("one step on the Gaussian problem G2", () => {
  const [sigma, next] = [0.7, 0.3];
  const run = (weight: number, noise = zero) =>
    prepare({ ...g2, options: { weight, clip: false, eta: 0.5 } }, 1).step(
      { kind: "step", sigma, scalars: { sigma, next, set: 1, tau: next, lambda: 0, lambdaNext: 0 } },
      { x: [1, 1] },
      noise,
      ["next.x"],
    )["next.x"];

  it("sets what is measured and takes DDIM's step across it", () => {
    const x = run(0);
    expect(x[0] + 0.5 * x[1]).toBeCloseTo(1.2, 12);
    const d = constant([1.1120527307, 0.3134023854]);
    const z = constant([0, 0]);
    const [{ data }] = evaluate([ddimStep(constant([1, 1]), d, constant(sigma), constant(next), z, 0.5)]);
    expectClose(across(x), across(data), 1e-9);
  });

  it("adds the level's noise along A, DDIM's across it", () => {
    const z = [0.6, -1.1];
    const moved = run(0, () => Float64Array.from(z)).map((v, i) => v - run(0)[i]);
    expectClose(
      along(moved),
      along(z).map((v) => next * v),
      1e-12,
    );
    const fresh = 0.5 * next * Math.sqrt(1 - (next / sigma) ** 2);
    expectClose(
      across(moved),
      across(z).map((v) => fresh * v),
      1e-12,
    );
  });

  it("guides across A by the gradient of ‖A†(y − A x̂0)‖², scaled to variance-preserving coordinates", () => {
    const [free, guided] = [run(0), run(1)];
    const residual = 1.2 - (1.1120527307 + 0.5 * 0.3134023854);
    const p = [0.8 * residual, 0.4 * residual]; // A†(y − A x̂0)
    const gradient = [-2 * (0.5649717514 * p[0] + 0.263653484 * p[1]), -2 * (0.263653484 * p[0] + 0.3452605148 * p[1])];
    expectClose(
      guided.map((v, i) => free[i] - v),
      across(gradient).map((v) => v * Math.sqrt(1 + next ** 2)),
      1e-9,
    );
  });
});

it("ends on the measurement, whatever the noise in it", () => {
  const { mean, covariance } = propagate({ ...g2, options: { steps: 60, clip: false } }, { mean: [0, 0], variance: 9 });
  expect(mean[0] + 0.5 * mean[1]).toBeCloseTo(1.2, 12);
  expectClose(
    covariance.map((row) => row[0] + 0.5 * row[1]),
    [0, 0],
    1e-12,
  );
});

describe("the regularised inverse", () => {
  const options = { inverse: "regularised", clip: false };
  it("moves towards y along A by 1/(1 + λ/‖a‖²) of the way", () => {
    const [sigma, next, lambdaNext] = [0.7, 0.3, (0.1 / 0.3) ** 2];
    const at = (lambdaNext: number, set = 1) =>
      prepare({ ...g2, options: { ...options, weight: 0 } }, 1).step(
        { kind: "step", sigma, scalars: { sigma, next, set, tau: next, lambda: 0.1, lambdaNext } },
        { x: [1, 1] },
        zero,
        ["next.x"],
      )["next.x"];
    const [free, whole, part] = [at(0, 0), at(0), at(lambdaNext)];
    expect(whole[0] + 0.5 * whole[1]).toBeCloseTo(1.2, 12);
    expectClose(
      part.map((v, i) => v - free[i]),
      whole.map((v, i) => ((v - free[i]) * 1.25) / (1.25 + lambdaNext)),
      1e-12,
    );
  });

  it("has λ = σ_y²/σ², at the level of the step and at the next", () => {
    const [first] = mcg.schedule(parseOptions(mcg, { ...options, grid: "karras", steps: 3, sigmaMax: 2 }), g2Problem);
    const next = first.scalars.next as number;
    expect(first.scalars).toMatchObject({ lambda: 0.05 ** 2, lambdaNext: (0.1 / next) ** 2 });
  });

  it("stays within the posterior where A is ill-conditioned, which A† does not", () => {
    const { factors, measurement, prior, posterior } = createProblem({
      family: "correlated-16",
      measured: "ill",
      sigmaY: 0.1,
    });
    const mean = (options: Record<string, unknown>) =>
      propagate(
        {
          solver: mcg,
          operator: matrixOperator(factors),
          denoise: gaussianPrior(prior.means[0], prior.covariances[0]).denoise,
          sigmaY: 0.1,
          y: measurement.y,
          options: { clip: false, steps: 40, grid: "karras", sigmaMax: 20, ...options },
        },
        { mean: new Array(16).fill(0), variance: 400 },
      ).mean;
    const spread = Math.sqrt(posterior.covariances[0].reduce((sum, row, i) => sum + row[i], 0));
    const error = (x: readonly number[]) => Math.hypot(...posterior.means[0].map((v, i) => x[i] - v)) / spread;
    expect(error(mean({ inverse: "regularised", weight: 0.1 }))).toBeLessThan(1);
    expect(error(mean({}))).toBeGreaterThan(10);
  });
});

describe("noiseAware", () => {
  it("sets the measurement down to its own noise level only", () => {
    const options = parseOptions(mcg, {
      noiseAware: true,
      grid: "karras",
      steps: 3,
      sigmaMax: 2,
      sigmaMin: 0.05,
      rho: 1,
    });
    const steps = mcg.schedule(options, { sigmaY: 0.1, operator: g2Problem.operator });
    expect(steps.map(({ scalars }) => scalars.set)).toEqual([1, 0, 0]);
    expect(steps[0].scalars.tau).toBeCloseTo(Math.sqrt(1.025 ** 2 - 0.01), 12);
  });
  it("is MCG itself without noise", () => {
    const run = (noiseAware: boolean) => solveInFloat64({ ...g2, sigmaY: 0, options: { steps: 20, noiseAware } });
    expectClose(run(true), run(false), 1e-15);
  });
});
