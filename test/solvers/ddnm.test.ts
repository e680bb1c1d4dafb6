import { describe, expect, it } from "vitest";
import { matrixOperator } from "../../src/bench/exact/matrix.ts";
import { createProblem } from "../../src/bench/exact/problems.ts";
import { createOperator } from "../../src/operators/index.ts";
import { gaussianPrior, isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { ddnm } from "../../src/solvers/ddnm.ts";
import { ddrm } from "../../src/solvers/ddrm.ts";
import { noiseLevels } from "../../src/solvers/noise-levels.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import { evaluate, input } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, propagate, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const zero = (_: string, size: number) => new Float64Array(size);
const noiseless = { ...g2Problem, solver: ddnm, sigmaY: 0 };
const schedule = (options: Record<string, unknown>, sigmaY: number) =>
  ddnm.schedule(parseOptions(ddnm, options), { sigmaY, operator: g2Problem.operator });

describe("without noise", () => {
  it("replaces what A sees of the denoised picture", () => {
    const step = { kind: "step", sigma: 0.7, scalars: { sigma: 0.7, next: 0.3, lambda: 1, tau: 0.3 } };
    const p = prepare({ ...noiseless, options: { eta: 0.6 } }, 1);
    const { estimate, "next.x": x } = p.step(step, { x: [1, 1] }, zero, ["estimate", "next.x"]);
    const corrected = [1.057049592, 0.2859008161];
    expectClose(estimate, corrected, 1e-9);
    // ε̂ is the network's own, of the picture before the correction.
    const eps = [1.1120527307, 0.3134023854].map((d) => (1 - d) / 0.7);
    expectClose(
      x,
      corrected.map((v, i) => v + 0.3 * 0.8 * eps[i]),
      1e-9,
    );
  });

  const karras = { grid: "karras", sigmaMin: 0.01, sigmaMax: 80 };
  it("on G2: zero variance along A, a null space that is too narrow", () => {
    const { mean, covariance } = propagate({ ...noiseless, options: karras }, { mean: [0, 0], variance: 6400 });
    expect(mean[0] + 0.5 * mean[1]).toBeCloseTo(1.2, 12);
    const along = covariance.map((row) => row[0] + 0.5 * row[1]);
    expectClose(along, [0, 0], 1e-12);
    expect(Math.abs(covariance[1][1] - 0.0583)).toBeLessThan(5.1e-5); // posterior: 0.0812
  });

  it("for C = I: mean A†y, 0.723 of the variance in the null space", () => {
    const denoise = gaussianPrior([0, 0], [[1, 0], [0, 1]]).denoise; // biome-ignore format: a matrix
    const { mean, covariance } = propagate(
      { ...noiseless, denoise, options: karras },
      { mean: [0, 0], variance: 6400 },
    );
    expectClose(mean, [0.96, 0.48], 1e-12);
    expect(Math.abs(covariance[1][1] / 0.8 - 0.723)).toBeLessThan(5.1e-4);
  });

  it.each([
    ["inpaint", { mask: { type: "random", missing: 0.6, seed: 2 } }],
    ["super-resolution", { scale: 4 }],
    ["super-resolution", { scale: 2, kernel: "bicubic", cutoff: 0 }],
    ["colorize", {}],
    ["blur", { kernel: { type: "gaussian", std: 0.6 }, border: "circular", cutoff: 0 }],
  ])("A x = y to rounding: %s %o", (name, options) => {
    const operator = createOperator({ name, ...options }, { domain: [1, 3, 8, 8] });
    const picture = input(operator.domain);
    const measure = (x: ArrayLike<number>) => evaluate([operator.apply(picture)], new Map([[picture, x]]))[0].data;
    const y = [...measure(normals({ seed: 4, purpose: "picture" }, 192))];
    const x = solveInFloat64({
      solver: ddnm,
      operator,
      denoise: isotropicPrior(0.1, 0.2).denoise,
      sigmaY: 0,
      y,
      options: { steps: 5 },
    });
    expectClose(measure(x), y, 1e-9);
  });
});

describe("DDNM+", () => {
  it("by singular values is DDRM with η_b = 1", () => {
    const options = { steps: 30, eta: 0.7 };
    const start = { mean: [0.3, 0.1], variance: 4 };
    const a = propagate({ ...g2Problem, solver: ddnm, options }, start);
    const b = propagate({ ...g2Problem, solver: ddrm, options }, start);
    expectClose([...a.mean, ...a.covariance.flat()], [...b.mean, ...b.covariance.flat()], 1e-12);
  });

  it("'simple' scales the correction and its noise as the paper says, or as the code", () => {
    const at = (simple: string, next: number) => {
      const steps = schedule(
        { variant: "simple", simple, grid: "karras", steps: 2, sigmaMax: 50, sigmaMin: next },
        0.4,
      );
      return steps[0].scalars;
    };
    expect(at("paper", 0.5)).toMatchObject({ lambda: 1, tau: expect.closeTo(0.3, 12) });
    expect(at("paper", 0.1)).toMatchObject({ lambda: expect.closeTo(0.25, 12), tau: 0 });
    // ᾱ = 1/(1 + σ'²) stands for √ᾱ, and √(1−ᾱ) comes in twice.
    const [alpha, next] = [1 / 1.25, 0.5];
    const tau = (Math.sqrt(1 - alpha ** 2 - (alpha * 0.4) ** 2) * Math.sqrt(1 - alpha)) / Math.sqrt(alpha);
    expect(at("code", next)).toMatchObject({ lambda: 1, tau: expect.closeTo(tau, 12) });
    const low = 1 / 1.01;
    expect(at("code", 0.1)).toMatchObject({
      lambda: expect.closeTo(Math.sqrt(1 - low ** 2) / (low * 0.4), 12),
      tau: 0,
    });
  });

  it("'simple' leaves a noisy measurement to the network in the end", () => {
    expect(schedule({ variant: "simple", simple: "paper" }, 0.4).at(-1)?.scalars).toMatchObject({ lambda: 0, tau: 0 });
    expect(schedule({ variant: "none" }, 0.4).at(-1)?.scalars).toMatchObject({ lambda: 1, tau: 0 });
  });
});

describe("the regularised correction", () => {
  it("is the mean of x0 ~ N(x̂0, σ²I) given y, and the noise that of the level", () => {
    const p = prepare({ ...g2Problem, solver: ddnm, options: { variant: "regularised", eta: 1 } }, 1);
    const step = { kind: "step", sigma: 0.7, scalars: { sigma: 0.7, next: 0.3, lambda: 1, tau: 0.3 } };
    const ones = (_: string, size: number) => new Float64Array(size).fill(1);
    const { estimate, "next.x": x } = p.step(step, { x: [1, 1] }, ones, ["estimate", "next.x"]);
    const d = [1.1120527307, 0.3134023854];
    const gain = (1.2 - d[0] - 0.5 * d[1]) / (1.25 + (0.1 / 0.7) ** 2);
    expectClose(estimate, [d[0] + gain, d[1] + 0.5 * gain], 1e-9);
    expectClose(
      x,
      [...estimate].map((v) => v + 0.3),
      1e-12,
    );
  });

  it("keeps λ = 1 and τ = σ' at every level, and is DDNM itself without noise", () => {
    for (const { scalars } of schedule({ variant: "regularised", steps: 5 }, 0.4))
      expect(scalars).toMatchObject({ lambda: 1, tau: scalars.next });
    const run = (variant: string) => solveInFloat64({ ...noiseless, options: { steps: 10, variant } });
    expectClose(run("regularised"), run("none"), 1e-15);
  });

  it("takes no more of a badly measured direction than its noise allows", () => {
    const { factors, measurement, prior, posterior } = createProblem({
      family: "correlated-16",
      measured: "ill",
      sigmaY: 0.1,
    });
    const error = (variant: string) => {
      const { mean } = propagate(
        {
          solver: ddnm,
          operator: matrixOperator(factors),
          denoise: gaussianPrior(prior.means[0], prior.covariances[0]).denoise,
          sigmaY: 0.1,
          y: measurement.y,
          options: { variant, simple: "paper", steps: 60, eta: 1, grid: "karras", sigmaMax: 20, sigmaMin: 0.02 },
        },
        { mean: new Array(16).fill(0), variance: 400 },
      );
      const spread = Math.sqrt(posterior.covariances[0].reduce((sum, row, i) => sum + row[i], 0));
      return Math.hypot(...posterior.means[0].map((v, i) => mean[i] - v)) / spread;
    };
    expect(error("regularised")).toBeLessThan(0.2);
    expect(error("simple")).toBeGreaterThan(1);
  });
});

describe("time travel", () => {
  it("walks as RePaint does", () => {
    const levels = noiseLevels({ grid: "karras", steps: 6, sigmaMin: 0.01, sigmaMax: 32, rho: 7 });
    const t = (sigma: number) => 5 - levels.indexOf(sigma);
    const walk = schedule({ steps: 6, travelLength: 2, travelRepeat: 2, grid: "karras", sigmaMax: 32 }, 0).map(
      ({ kind, scalars: { sigma, next } }) => [kind, t(sigma as number), t(next as number)],
    );
    expect(walk).toEqual([
      ["step", 5, 4],
      ["step", 4, 3],
      ["step", 3, 2],
      ["travel", 2, 4],
      ["step", 4, 3],
      ["step", 3, 2],
      ["step", 2, 1],
      ["step", 1, 0],
      ["travel", 0, 2],
      ["step", 2, 1],
      ["step", 1, 0],
      ["step", 0, -1],
    ]);
  });

  it("jumps from the denoised picture as it was, with the noise of the level", () => {
    const p = prepare({ ...noiseless, options: { travelRepeat: 3 } }, 1);
    const step = { kind: "step", sigma: 0.7, scalars: { sigma: 0.7, next: 0.3, lambda: 1, tau: 0.3 } };
    const { "next.x0": x0 } = p.step(step, { x: [1, 1], x0: [0, 0] }, zero, ["next.x0"]);
    expectClose(x0, [1.1120527307, 0.3134023854], 1e-9);
    const jump = { kind: "travel", sigma: 0.3, scalars: { sigma: 0.3, next: 0.7, lambda: 1, tau: 0.7 } };
    const ones = (_: string, size: number) => new Float64Array(size).fill(1);
    const { "next.x": x } = p.step(jump, { x: [5, 5], x0 }, ones, ["next.x"]);
    expectClose(x, [1.8120527307, 1.0134023854], 1e-9);
  });

  it("still ends on the measurement", () => {
    const x = solveInFloat64({ ...noiseless, options: { steps: 8, travelLength: 2, travelRepeat: 3 } });
    expect(x[0] + 0.5 * x[1]).toBeCloseTo(1.2, 12);
  });
});
