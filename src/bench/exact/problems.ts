import { Matrix } from "ml-matrix";
import { exactPosterior, gaussian, type LinearMeasurement, type Mixture } from "../../priors/exact.ts";
import { normals } from "../../random/index.ts";
import { type Factors, matrixOf, randomOrthogonal } from "./matrix.ts";
import { sampleMixture } from "./sampling.ts";

/** A prior, a measurement and the posterior in closed form. */
export interface ExactProblem {
  /** family/measurement/σ_y */
  readonly name: string;
  readonly family: Family;
  readonly measured: Measured;
  readonly dimension: number;
  readonly prior: Mixture;
  readonly factors: Factors;
  readonly measurement: LinearMeasurement;
  readonly posterior: Mixture;
}

export const families = [
  "gaussian-16",
  "correlated-2",
  "correlated-16",
  "correlated-256",
  "mixture-2",
  "mixture-16",
] as const;
export type Family = (typeof families)[number];

/**
 * How x is measured: `well`, half of the directions with singular values between 1 and ½; `ill`, all of them with singular
 * values from 1 to 10⁻³ (10⁻² in two dimensions), evenly spaced in the logarithm; `identity`, x itself.
 */
export type Measured = "well" | "ill" | "identity";

export const noiseLevels = [0.02, 0.1, 0.5] as const;

export interface ProblemChoice {
  readonly family: Family;
  readonly measured: Measured;
  readonly sigmaY: number;
}

/** Every combination; plain denoising for one family. */
export function problemChoices(): ProblemChoice[] {
  return families.flatMap((family) =>
    (family === "correlated-16" ? (["well", "ill", "identity"] as const) : (["well", "ill"] as const)).flatMap(
      (measured) => noiseLevels.map((sigmaY) => ({ family, measured, sigmaY })),
    ),
  );
}

/** The problem; the truth is drawn from the prior, and y from the truth, by fixed seeds. */
export function createProblem({ family, measured, sigmaY }: ProblemChoice): ExactProblem {
  const prior = priors[family]();
  const n = prior.means[0].length;
  const factors = factorsOf(n, measured);
  const A = matrixOf(factors);
  const truth = sampleMixture(prior, 1, 11).data;
  const noise = normals({ seed: 11, purpose: "measurement" }, A.length);
  const y = A.map((row, i) => row.reduce((sum, a, j) => sum + a * truth[j], 0) + sigmaY * noise[i]);
  const measurement = { A, sigmaY, y };
  return {
    name: `${family}/${measured}/${sigmaY}`,
    family,
    measured,
    dimension: n,
    prior,
    factors,
    measurement,
    posterior: exactPosterior(prior, measurement),
  };
}

function factorsOf(n: number, measured: Measured): Factors {
  if (measured === "identity") return { u: Matrix.eye(n), s: new Array<number>(n).fill(1), v: Matrix.eye(n) };
  const m = measured === "well" ? n / 2 : n;
  const lowest = measured === "well" ? 0.5 : n === 2 ? 1e-2 : 1e-3;
  const s = Array.from({ length: m }, (_, i) => (m === 1 ? 1 : lowest ** (i / (m - 1))));
  return { u: randomOrthogonal(m, 101), s, v: randomOrthogonal(n, 102) };
}

/** Neighbours correlate: ρ^|i−j|, variance 1; its eigenvalues lie between (1−ρ)/(1+ρ) and about (1+ρ)/(1−ρ). */
function autoregressive(n: number, rho: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => rho ** Math.abs(i - j)));
}

const zeros = (n: number) => new Array<number>(n).fill(0);

const priors: Readonly<Record<Family, () => Mixture>> = {
  "gaussian-16": () => gaussian(zeros(16), autoregressive(16, 0)),
  "correlated-2": () =>
    gaussian(
      [0.5, -0.25],
      [
        [1, 0.6],
        [0.6, 0.5],
      ],
    ),
  "correlated-16": () => gaussian(zeros(16), autoregressive(16, 0.8)),
  "correlated-256": () => gaussian(zeros(256), autoregressive(256, 0.8)),
  "mixture-2": () => ({
    weights: [0.3, 0.3, 0.2, 0.2],
    means: [
      [1, 1],
      [-1, -1],
      [1, -1],
      [-1, 1],
    ],
    covariances: [0.05, 0.1, 0.05, 0.02].map((v) => [
      [v, v / 4],
      [v / 4, v],
    ]),
  }),
  "mixture-16": () => {
    const centre = (k: number) => normals({ seed: 20 + k, purpose: "centre" }, 16);
    return {
      weights: [0.5, 0.3, 0.2],
      means: [0, 1, 2].map((k) => Array.from(centre(k))),
      covariances: [0.8, 0.4, 0].map((rho) => autoregressive(16, rho).map((row) => row.map((v) => 0.1 * v))),
    };
  },
};
