import { describe, expect, it } from "vitest";
import type { Operator } from "../../src/operators/operator.ts";
import { gaussianPrior, isotropicPrior } from "../../src/priors/index.ts";
import { ddrm } from "../../src/solvers/ddrm.ts";
import { noiseLevels } from "../../src/solvers/noise-levels.ts";
import { constant } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, propagate, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const sigmas = noiseLevels({ steps: 20, grid: "ddpm", sigmaMax: 157.407, sigmaMin: 0.01, rho: 7 });

/** Three numbers behind gains of 1, 0.05 and 0: one well measured, one badly, one not at all. */
const gains = [1, 0.05, 0];
const s = constant(gains, [1, 1, 1, 3], "float32");
const diagonal: Operator = {
  name: "diagonal",
  domain: [1, 1, 1, 3],
  range: [1, 1, 1, 3],
  linear: true,
  apply: (x) => x.mul(s),
  normSquared: 1,
  svd: { vt: (x) => x, v: (x) => x, ut: (y) => y, u: (y) => y, singularValues: s },
  toJSON: () => ({ name: "diagonal" }),
};
const [c, sigmaY, y] = [0.4, 0.2, [0.7, 0.03, 0]];
const problem = { solver: ddrm, operator: diagonal, denoise: isotropicPrior(0, c).denoise, sigmaY, y };

/** Mean and variance of one direction, by hand: prior N(0, c), D = cx/(c + σ²). */
function recursion(gain: number, measured: number, start: { mean: number; variance: number }, eta = 0.85, etaB = 1) {
  let { mean, variance } = start;
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const k = c / (c + sigma ** 2);
    const kept = Math.sqrt(1 - eta ** 2) * next;
    const ybar = measured / gain;
    // x' = a x + b + q z
    let [a, b, q] = [k + (kept / sigma) * (1 - k), 0, eta * next];
    if (gain > 0 && next >= sigmaY / gain)
      [a, b, q] = [(1 - etaB) * k, etaB * ybar, Math.sqrt(next ** 2 - ((etaB * sigmaY) / gain) ** 2)];
    else if (gain > 0) [a, b] = [k * (1 - (kept * gain) / sigmaY), (kept * gain * ybar) / sigmaY];
    mean = a * mean + b;
    variance = a * a * variance + q * q;
  }
  return { mean, variance };
}

describe("on independent numbers, each direction follows its own recursion", () => {
  it.each([
    [0.85, 1],
    [0.3, 0.6],
    [1, 1],
    [0, 1],
  ])("eta %f, etaB %f", (eta, etaB) => {
    const start = { mean: 0.1, variance: 9 };
    const { mean, covariance } = propagate(
      { ...problem, options: { eta, etaB } },
      { mean: [0.1, 0.1, 0.1], variance: 9 },
    );
    gains.forEach((gain, i) => {
      const wanted = recursion(gain, y[i], start, eta, etaB);
      expect(mean[i]).toBeCloseTo(wanted.mean, 10);
      expect(covariance[i][i]).toBeCloseTo(wanted.variance, 10);
    });
    expect(covariance[0][1]).toBeCloseTo(0, 12);
  });

  it("starts at the measurement where that is less noisy than the first level", () => {
    const p = prepare({ ...problem, options: { grid: "karras", sigmaMax: 2, warm: true }, start: [9, 0.25, -0.5] }, 1);
    const mean = p.init((_, size) => new Float64Array(size)).x;
    expectClose(mean, [0.7, 0.25, -0.5], 1e-12);
    const one = p.init((_, size) => new Float64Array(size).fill(1)).x;
    expectClose(
      one.map((v, i) => v - mean[i]),
      [Math.sqrt(4 - 0.04), 2, 2],
      1e-12,
    );
  });

  it("leaves directions below the cutoff unseen", () => {
    const at = (cutoff: number, y1: number) =>
      solveInFloat64({ ...problem, y: [0.7, y1, 0], options: { cutoff } }, 1, 3)[1];
    expect(at(0.05, 0.03)).toBe(at(0.05, -1));
    expect(at(0.04, 0.03)).not.toBe(at(0.04, -1));
  });
});

describe("on G2, whose measurement mixes the coordinates", () => {
  it("works in the coordinates of the SVD", () => {
    // Along a = A/‖A‖ and across it, with the prior turned there.
    const r = Math.sqrt(1.25);
    const turn = [
      [1 / r, 0.5 / r],
      [-0.5 / r, 1 / r],
    ];
    const start = { mean: [0, 0], variance: 4 };
    const { mean, covariance } = propagate({ ...g2Problem, solver: ddrm }, start);
    const C = [
      [1, 0.6],
      [0.6, 0.5],
    ];
    const times = (M: number[][], N: number[][]) =>
      M.map((row) => N[0].map((_, j) => row[0] * N[0][j] + row[1] * N[1][j]));
    const transposed = (M: number[][]) => M[0].map((_, j) => M.map((row) => row[j]));
    const turned = times(times(turn, C), transposed(turn));
    const mu = turn.map((row) => row[0] * 0.5 - row[1] * 0.25);
    let [m, P] = [[0, 0], [[4, 0], [0, 4]]]; // biome-ignore format: a matrix
    const [noise, ybar, eta] = [0.1 / r, 1.2 / r, 0.85];
    for (let i = 0; i + 1 < sigmas.length; i++) {
      const [sigma, next] = [sigmas[i], sigmas[i + 1]];
      const S = turned.map((row, k) => row.map((v, j) => v + (k === j ? sigma ** 2 : 0)));
      const det = S[0][0] * S[1][1] - S[0][1] * S[1][0];
      const J = times(turned, [[S[1][1] / det, -S[0][1] / det], [-S[1][0] / det, S[0][0] / det]]); // biome-ignore format: a matrix
      const kept = Math.sqrt(1 - eta ** 2) * next;
      const told = next >= noise;
      const pull = kept / noise; // towards the measurement
      const first = told ? [0, 0] : J[0].map((v) => v * (1 - pull));
      const second = J[1].map((v, j) => v + (kept / sigma) * ((j === 1 ? 1 : 0) - v));
      const d0 = mu.map((v, k) => v - J[k][0] * mu[0] - J[k][1] * mu[1]);
      const b = [told ? ybar : d0[0] * (1 - pull) + pull * ybar, d0[1] * (1 - kept / sigma)];
      const q = [told ? Math.sqrt(next ** 2 - noise ** 2) : eta * next, eta * next];
      const A = [first, second];
      m = A.map((row, k) => row[0] * m[0] + row[1] * m[1] + b[k]);
      P = times(times(A, P), transposed(A)).map((row, k) => row.map((v, j) => v + (k === j ? q[k] ** 2 : 0)));
    }
    const back = transposed(turn);
    expectClose(
      mean,
      back.map((row) => row[0] * m[0] + row[1] * m[1]),
      1e-9,
    );
    expectClose(covariance.flat(), times(times(back, P), turn).flat(), 1e-9);
  });

  it("ends on the measurement without noise", () => {
    const samples = 5;
    const x = solveInFloat64({ ...g2Problem, solver: ddrm, sigmaY: 0 }, samples, 2);
    for (let k = 0; k < samples; k++) expect(x[2 * k] + 0.5 * x[2 * k + 1]).toBeCloseTo(1.2, 12);
    expect(x[0]).not.toBeCloseTo(x[2], 3);
  });
});

it("agrees with Monte Carlo: 400 chains give the propagated mean and spread", () => {
  const chains = 400;
  const [mu, C] = [[0.5, -0.25], [[1, 0.6], [0.6, 0.5]]]; // biome-ignore format: a matrix
  const denoise = gaussianPrior(mu, C).denoise;
  const x = solveInFloat64({ ...g2Problem, denoise, solver: ddrm }, chains, 5);
  const { mean, covariance } = propagate({ ...g2Problem, solver: ddrm }, { mean: [0, 0], variance: sigmas[0] ** 2 });
  for (const i of [0, 1]) {
    const column = Array.from({ length: chains }, (_, k) => x[2 * k + i]);
    const average = column.reduce((sum, v) => sum + v, 0) / chains;
    const spread = column.reduce((sum, v) => sum + (v - average) ** 2, 0) / (chains - 1);
    expect(Math.abs(average - mean[i])).toBeLessThan(4 * Math.sqrt(covariance[i][i] / chains));
    expect(Math.abs(spread / covariance[i][i] - 1)).toBeLessThan(4 * Math.sqrt(2 / chains));
  }
});
