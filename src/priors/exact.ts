import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { TweedieError } from "../errors.ts";

// What solvers are measured against: posteriors, denoisers and scores of Gaussian mixtures in closed form, in float64 on the
// host. Everything follows from two facts: a mixture noised by N(0, sigma²I) is the mixture with covariances C_k + sigma²I, and the
// posterior of a mixture under a linear Gaussian measurement is again a mixture.

/** Σ_k weights[k]·N(means[k], covariances[k]); a Gaussian is a mixture of one. */
export interface Mixture {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly covariances: readonly (readonly (readonly number[])[])[];
}

/** y = A x + n, n ~ N(0, sigmaY²·I). */
export interface LinearMeasurement {
  readonly A: readonly (readonly number[])[];
  readonly sigmaY: number;
  readonly y: readonly number[];
}

export interface ExactMoments {
  /** log p_sigma(x), of the noised density. */
  readonly logDensity: number;
  /** ∇log p_sigma(x). */
  readonly score: number[];
  /** ∇²log p_sigma(x). */
  readonly hessian: number[][];
  /** E[x0 | x] = x + sigma²·score. */
  readonly denoised: number[];
  /** ∂E[x0 | x]/∂x = I + sigma²·hessian; the covariance of x0 given x is sigma² times it. */
  readonly jacobian: number[][];
}

export function gaussian(mean: readonly number[], covariance: readonly (readonly number[])[]): Mixture {
  return { weights: [1], means: [mean], covariances: [covariance] };
}

const column = (v: readonly number[]) => Matrix.columnVector([...v]);
const matrixOf = (rows: readonly (readonly number[])[]) => new Matrix(rows.map((row) => [...row]));

/** Inverse and log-determinant of a positive definite matrix. */
function inverse(m: Matrix): { inverse: Matrix; logDeterminant: number } {
  const cholesky = new CholeskyDecomposition(Matrix.add(m, m.transpose()).mul(0.5)); // rid of rounding's asymmetry
  if (!cholesky.isPositiveDefinite())
    throw new TweedieError("invalid-option", {
      what: "covariance",
      expected: "a positive definite matrix",
      got: "not",
    });
  const diagonal = cholesky.lowerTriangularMatrix.diagonal();
  return {
    inverse: cholesky.solve(Matrix.eye(m.rows)),
    logDeterminant: 2 * diagonal.reduce((s, d) => s + Math.log(d), 0),
  };
}

/** log N(r; 0, S), and S^{-1} r with S^{-1}. */
function normal(residual: Matrix, covariance: Matrix) {
  const { inverse: precision, logDeterminant } = inverse(covariance);
  const solved = precision.mmul(residual);
  const square = residual.dot(solved);
  return { log: -0.5 * (square + logDeterminant + residual.rows * Math.log(2 * Math.PI)), solved, precision };
}

function logSumExp(values: readonly number[]): number {
  const peak = Math.max(...values);
  return peak + Math.log(values.reduce((s, v) => s + Math.exp(v - peak), 0));
}

/** Density, score, Hessian, denoiser and its Jacobian of a mixture at noise level sigma (0 for the clean density). */
export function exactMoments(mixture: Mixture, x: readonly number[], sigma: number): ExactMoments {
  const n = x.length;
  const at = column(x);
  const parts = mixture.weights.map((weight, k) => {
    const noisy = matrixOf(mixture.covariances[k]).add(Matrix.eye(n).mul(sigma ** 2));
    const { log, solved, precision } = normal(Matrix.sub(at, column(mixture.means[k])), noisy);
    return { log: Math.log(weight) + log, score: solved.mul(-1), precision };
  });
  const logDensity = logSumExp(parts.map((p) => p.log));
  const score = Matrix.zeros(n, 1);
  const hessian = Matrix.zeros(n, n);
  for (const { log, score: s, precision } of parts) {
    const share = Math.exp(log - logDensity);
    score.add(Matrix.mul(s, share));
    hessian.add(Matrix.sub(s.mmul(s.transpose()), precision).mul(share));
  }
  hessian.sub(score.mmul(score.transpose()));
  return {
    logDensity,
    score: score.to1DArray(),
    hessian: hessian.to2DArray(),
    denoised: Matrix.add(at, Matrix.mul(score, sigma ** 2)).to1DArray(),
    jacobian: Matrix.add(Matrix.eye(n), Matrix.mul(hessian, sigma ** 2)).to2DArray(),
  };
}

/**
 * p(x0 | y) as a mixture. Its {@link exactMoments} at any sigma are the exact guided denoiser E[x0 | x, y] and the exact
 * conditional score.
 */
export function exactPosterior(prior: Mixture, { A, sigmaY, y }: LinearMeasurement): Mixture {
  const map = matrixOf(A);
  const parts = prior.weights.map((weight, k) => {
    const covariance = matrixOf(prior.covariances[k]);
    const mean = column(prior.means[k]);
    const cross = covariance.mmul(map.transpose());
    const residual = Matrix.sub(column(y), map.mmul(mean));
    const evidence = map.mmul(cross).add(Matrix.eye(map.rows).mul(sigmaY ** 2));
    const { log, solved, precision } = normal(residual, evidence);
    return {
      log: Math.log(weight) + log,
      mean: Matrix.add(mean, cross.mmul(solved)).to1DArray(),
      covariance: Matrix.sub(covariance, cross.mmul(precision).mmul(cross.transpose())).to2DArray(),
    };
  });
  const total = logSumExp(parts.map((p) => p.log));
  return {
    weights: parts.map((p) => Math.exp(p.log - total)),
    means: parts.map((p) => p.mean),
    covariances: parts.map((p) => p.covariance),
  };
}

/** ∇_x log p(y | x) at noise level sigma: what every guidance method approximates. */
export function exactGuidance(
  prior: Mixture,
  measurement: LinearMeasurement,
  x: readonly number[],
  sigma: number,
): number[] {
  const own = exactMoments(prior, x, sigma).score;
  return exactMoments(exactPosterior(prior, measurement), x, sigma).score.map((s, i) => s - own[i]);
}

export function exactMean({ weights, means }: Mixture): number[] {
  return means[0].map((_, i) => weights.reduce((s, w, k) => s + w * means[k][i], 0));
}

export function exactCovariance(mixture: Mixture): number[][] {
  const { weights, means, covariances } = mixture;
  const mean = exactMean(mixture);
  return mean.map((a, i) =>
    mean.map((b, j) =>
      weights.reduce((s, w, k) => s + w * (covariances[k][i][j] + (means[k][i] - a) * (means[k][j] - b)), 0),
    ),
  );
}
