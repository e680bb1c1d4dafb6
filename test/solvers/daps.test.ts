import { describe, expect, it } from "vitest";
import type { Denoiser } from "../../src/diffusion/denoiser.ts";
import { createOperator } from "../../src/operators/index.ts";
import { exactMean, exactPosterior } from "../../src/priors/exact.ts";
import { daps } from "../../src/solvers/daps.ts";
import { constant } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { type NoiseSource, prepare, propagate, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { G2 } from "../helpers/problems.ts";

const g2 = { solver: daps, ...g2Problem };
const zero = (_: string, size: number) => new Float64Array(size);
/** The first level's noise, which `init` puts there. */
const origin = { mean: [0, 0], variance: 100 ** 2 };

/**
 * The end of the probability-flow ODE of a 2-D Gaussian prior, μ + √(C(C + σ²I)⁻¹)(x − μ): what infinitely many inner
 * steps would give. With `odeSteps: 1` the solver takes it for the denoiser.
 */
const odeEnd: Denoiser = (x, sigma) => {
  const [[a, b], [, c]] = G2.prior.covariances[0];
  const half = Math.hypot((a - c) / 2, b);
  const angle = 0.5 * Math.atan2(2 * b, a - c);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const basis = constant([cos, -sin, sin, cos], [2, 2], "float32"); // eigenvectors as columns
  const values = constant([(a + c) / 2 + half, (a + c) / 2 - half], [2], "float32");
  const mean = constant(G2.prior.means[0], [2], "float32");
  const gain = values.div(values.add(sigma.square())).sqrt();
  return x.sub(mean).matmul(basis).mul(gain).matmul(basis.transpose()).add(mean);
};

describe("with exact parts, on G2", () => {
  const run = (steps: number) => {
    const options = { sampler: "exact", tau: "sigmaY", steps, odeSteps: 1 };
    return propagate({ ...g2, denoise: odeEnd, options }, origin);
  };
  it("200 levels: the mean is right, the covariance twice too wide", () => {
    const { mean, covariance } = run(200);
    expectClose(mean, [1.1206, 0.154], 5.1e-5);
    expectClose([covariance[0][0], covariance[1][1]], [0.0507, 0.1828], 5.1e-5);
  });
  it("1000 levels do not help", () => {
    const { covariance } = run(1000);
    expectClose([covariance[0][0], covariance[1][1]], [0.0487, 0.1749], 5.1e-5);
  });
  it("five Euler steps are narrower than the exact path", () => {
    const { covariance } = propagate({ ...g2, options: { sampler: "exact", tau: "sigmaY" } }, origin);
    expect(covariance[0][0]).toBeGreaterThan(0.0259366);
    expect(covariance[0][0]).toBeLessThan(0.0507);
  });
});

describe("one step of the chain", () => {
  const scalars = { anneal: 0.5, rate: 1e-3, fresh: 1 };
  const x = [0.9, 0.1];
  const anchor = [1, 0.2];
  const residual = 1.2 - 0.9 - 0.05;
  const slope = [0, 1].map((i) => ([1, 0.5][i] * residual) / 0.2 ** 2 + (anchor[i] - x[i]) / 0.25);
  const z = [0.3, -0.4];
  const one = (sampler: string, state: Record<string, number[]>, more: Record<string, unknown> = {}) =>
    prepare({ ...g2, options: { sampler, inner: 1, tau: 0.2, ...more } }, 1).step(
      { kind: sampler, sigma: 0.5, scalars },
      state,
      () => z,
      ["next.x"],
    )["next.x"];
  it("Langevin: x0 + h∇U + √(2h) z", () => {
    const expected = x.map((v, i) => v + 1e-3 * slope[i] + Math.sqrt(2e-3) * z[i]);
    expectClose(one("langevin", { x, anchor }), expected, 1e-12);
  });
  it("HMC: v ← m v + √h ∇U + √(2(1−m)) z, x0 + √h v, with a fresh v first", () => {
    const h = Math.sqrt(1e-3);
    const velocity = z.map((v, i) => 0.7 * v + h * slope[i] + Math.sqrt(0.6) * z[i]);
    const expected = x.map((v, i) => v + h * velocity[i]);
    expectClose(one("hmc", { x, anchor, v: [9, 9] }, { momentum: 0.7 }), expected, 1e-12);
  });
});

describe("the chains reach the draw they stand for", () => {
  // One level at σ = 0.5: the exact draw against many small steps.
  const level = { steps: 1, sigmaMax: 0.5, sigmaMin: 0.5, odeSteps: 1, tau: 0.3 };
  const run = (more: Record<string, unknown>) =>
    propagate({ ...g2, options: { ...level, ...more } }, { mean: [0.2, 0.1], variance: 0.3 });
  const exact = run({ sampler: "exact" });
  it.each([
    ["langevin", { inner: 4000, lr: 1e-3 }],
    ["hmc", { inner: 4000, lr: 1e-3, momentum: 0.9 }],
  ])("%s", (sampler, more) => {
    const { mean, covariance } = run({ sampler, lrEnd: 1, ...more });
    expectClose(mean, exact.mean, 1e-4);
    expectClose(covariance.flat(), exact.covariance.flat(), 0.01);
  });
});

describe("the schedule", () => {
  const prepared = (options: Record<string, unknown>) => prepare({ ...g2, options }, 1).schedule;
  it("runs five Euler steps and a hundred of the chain in each level", () => {
    const steps = prepared({ steps: 3 });
    const ode = steps.filter((s) => s.kind === "ode");
    expect(ode).toHaveLength(15);
    expect(steps.filter((s) => s.kind === "langevin")).toHaveLength(3 * 10); // ten steps of the chain in each run
    expect(ode[0].scalars).toEqual({ sigma: 100, next: ode[1].sigma, noise: 0 });
    expect(ode[5].scalars).toMatchObject({ sigma: ode[5].sigma, noise: ode[5].sigma });
    expect(ode[4].scalars.next).toBe(0);
  });
  it("lowers the step linearly over the levels", () => {
    const rates = prepared({ steps: 4, lr: 1e-4 }).filter((s) => s.kind === "langevin" && s.scalars.fresh === 1);
    expectClose(
      rates.map((s) => s.scalars.rate as number),
      [1, 0.7525, 0.505, 0.2575].map((v) => 1e-4 * v),
      1e-12,
    );
  });
  it("keeps the step within the chain's stable range when asked", () => {
    const [first] = prepared({ steps: 1, lr: 1, limit: 0.5 }).filter((s) => s.kind === "langevin");
    expect(first.scalars.rate).toBeCloseTo(0.5 / (1.25 / 1e-4 + 1e-4), 10);
  });
});

it("refuses the exact draw for an operator that is not linear", () => {
  const operator = { ...matrixOperator([[1, 0.5]]), linear: false };
  expect(() => prepare({ ...g2, operator, options: { sampler: "exact" } }, 1)).toThrow(/expected a linear operator/);
});

it("noises each level once, the first one in the start", () => {
  const p = prepare({ ...g2, options: { steps: 2, odeSteps: 1 } }, 1);
  const z = [1, -1];
  const move = (k: number, x: number[], noise: NoiseSource = zero) =>
    p.step(p.schedule.filter((s) => s.kind === "ode")[k], { x, anchor: [0, 0] }, noise, ["next.x"])["next.x"];
  expectClose(p.init(() => z).x, [100, -100], 1e-9);
  expectClose(
    move(0, [3, 4], () => z),
    move(0, [3, 4]),
    1e-12,
  );
  const sigma = p.schedule.filter((s) => s.kind === "ode")[1].sigma;
  expectClose(
    move(1, [0, 0], () => z),
    move(1, [sigma, -sigma]),
    1e-9,
  );
  expect(move(1, [sigma, -sigma])[0]).not.toBe(move(1, [0, 0])[0]);
});

it("takes plain denoising from the measurement, whose denoised picture is the posterior mean", () => {
  const operator = createOperator({ name: "denoise" }, { domain: [1, 1, 1, 2] });
  const options = { warm: true, steps: 1, odeSteps: 1, inner: 1, lr: 1e-12, sigmaMax: 0.3, sigmaMin: 0.3 };
  const y = [1.4, -0.9];
  const x = solveInFloat64({ ...g2, operator, sigmaY: 0.3, y, options });
  const A = [
    [1, 0],
    [0, 1],
  ];
  expectClose(x, exactMean(exactPosterior(G2.prior, { A, sigmaY: 0.3, y })), 1e-5);
});

it.each(["langevin", "hmc", "exact"] as const)("%s runs on ONNX Runtime as in float64", (sampler) =>
  expectEngineAgrees(daps, { sampler, steps: 6, inner: 4, odeSteps: 2, tau: 0.1, lr: 1e-3, sigmaMax: 10 }),
);
