import { describe, expect, it } from "vitest";
import { gaussianPrior } from "../../src/priors/index.ts";
import { otOde } from "../../src/solvers/ot-ode.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";

const g2 = { solver: otOde, ...g2Problem };
const zero = (_: string, size: number) => new Float64Array(size);
const sigma = 0.7;
const d = [1.1120527307, 0.3134023854];
const g = [-0.1137748949, -0.0712374342];

describe("one step on G2", () => {
  const run = (gain: number, next: number) =>
    prepare(g2, 1).step({ kind: "step", sigma, scalars: { sigma, next, gain } }, { x: [1, 1] }, zero, [
      "estimate",
      "next.x",
    ]);
  it("adds γσ² of ΠGDM's guidance to the denoiser", () => {
    for (const gain of [1, 0.4])
      expectClose(
        run(gain, 0.3).estimate,
        d.map((v, i) => v + gain * sigma ** 2 * g[i]),
        1e-9,
      );
  });
  it("takes an Euler step of the flow, in the flow's own coordinates", () => {
    const t = 1 / (1 + sigma);
    const next = 0.3;
    const delta = 1 / (1 + next) - t;
    const { estimate, "next.x": x } = run(1, next);
    const expected = estimate.map((v) => t + delta * ((v - t) / (1 - t))).map((v) => v * (1 + next)); // x_t = t·(1, 1)
    expectClose(x, expected, 1e-12);
  });
});

describe("the schedule", () => {
  const steps = (options: Record<string, unknown>) => prepare({ ...g2, options }, 1).schedule;
  it("walks i/N from t0 to 1", () => {
    const list = steps({ steps: 10 });
    expectClose(
      list.map((s) => 1 / (1 + s.sigma)),
      [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
      1e-12,
    );
    expect(list.at(-1)?.scalars.next).toBe(0);
    expect(list.every((s) => s.scalars.gain === 1)).toBe(true);
  });
  it("knows the other weight, √(t/(t² + (1−t)²))", () => {
    const [first] = steps({ steps: 10, gamma: "gamma_t" });
    expect(first.scalars.gain).toBeCloseTo(Math.sqrt(0.2 / (0.04 + 0.64)), 12);
  });
});

it("begins at Aᵀy plus the noise of t0, or at the classical estimate", () => {
  const init = (from: string) =>
    prepare({ ...g2, start: [7, 8], options: { from } }, 1).init((_, size) => new Float64Array(size).fill(0.5)).x;
  expectClose(init("adjoint"), [1.2 + 2, 0.6 + 2], 1e-12); // σ = 4 at t0 = 0.2
  expectClose(init("estimate"), [7 + 2, 8 + 2], 1e-12);
});

// From t0 → 0 and with many steps: ΠGDM's probability-flow ODE, whose end is known for one Gaussian number.
describe("the whole path", () => {
  const run = (c: number, a: number, sigmaY: number, y: number, more: Record<string, unknown> = {}) => {
    const at = (steps: number) => {
      const operator = matrixOperator([[a]]);
      const { denoise } = gaussianPrior([0], [[c]]);
      const options = { steps, startTime: 1e-9, ...more };
      const problem = { solver: otOde, operator, denoise, sigmaY, y: [y], options };
      return propagate(problem, { mean: [0], variance: (steps - 1) ** 2 });
    };
    const [coarse, fine] = [at(400), at(800)]; // Euler's error falls like 1/N
    return [2 * fine.mean[0] - coarse.mean[0], 2 * fine.covariance[0][0] - coarse.covariance[0][0]];
  };
  it("is exact for data of variance 1", () => {
    expectClose(run(1, 1, 0.5, 1), [0.8, 0.2], 2e-3);
  });
  it("is biased as predicted for other data: 1.6483, 0.0521 where 1.8519, 0.0370 is right", () => {
    const [mean, variance] = run(0.5, 1, 0.2, 2);
    expect(mean).toBeCloseTo(1.6483, 2);
    expect(variance).toBeCloseTo(0.0521, 3);
  });
  it("is exact again when told the data's variance", () => {
    expectClose(run(0.5, 1, 0.2, 2, { dataVariance: 0.5 }), [1.8519, 0.037], 2e-3);
  });
});

it("runs on ONNX Runtime as in float64", () => expectEngineAgrees(otOde, { steps: 15 }));
