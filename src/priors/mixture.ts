import type { Matrix } from "ml-matrix";
import { TweedieError } from "../errors.ts";
import { concat, constant, type Tensor } from "../tensor/index.ts";
import { denoiserPrior } from "./denoiser-prior.ts";
import type { Mixture } from "./exact.ts";
import { spectrumOf } from "./linear-algebra.ts";
import type { Prior } from "./prior.ts";

/** Component k in its eigenbasis: x ↦ U_kᵀx has independent coordinates of variance values + sigma². */
interface Component {
  readonly logWeight: number;
  readonly mean: Tensor;
  readonly basis: Tensor;
  readonly inverseBasis: Tensor;
  readonly values: Tensor;
}

export interface ClosedFormOptions {
  readonly name?: string;
  /** Channels of the pictures that the vectors are; 1 by default. */
  readonly channels?: number;
}

/**
 * A Gaussian mixture as a prior, in closed form: E[x0|x] = Σ_k r_k(x)·(m_k + C_k(C_k + sigma²I)^{-1}(x - m_k)), r_k the
 * responsibilities under the noised mixture. Exact at every sigma ≥ 0 unless a covariance is singular and sigma = 0.
 * `denoise` takes vectors [n], batches [N, n] or pictures [N, C, H, W] with C·H·W = n.
 * @throws {TweedieError} invalid-option: weights that are not positive or do not add up to 1; means and covariances that do
 * not fit
 */
export function mixturePrior(mixture: Mixture, options: ClosedFormOptions = {}): Prior {
  const { weights, means, covariances } = mixture;
  const { name = weights.length === 1 ? "gaussian" : "mixture", channels = 1 } = options;
  check(mixture);
  const n = means[0].length;
  const components = weights.map((weight, k): Component => {
    const { vectors, values } = spectrumOf(covariances[k]);
    return {
      logWeight: Math.log(weight),
      mean: constant(means[k], [n]),
      basis: constant(flat(vectors), [n, n], "float32"),
      inverseBasis: constant(flat(vectors.transpose()), [n, n], "float32"),
      values: constant(values, [n], "float32"),
    };
  });
  return denoiserPrior({
    name,
    channels,
    description:
      weights.length === 1 ? "Gaussian in closed form" : `Mixture of ${weights.length} Gaussians in closed form`,
    licence: "none needed: no data",
    hash: JSON.stringify({ weights, means, covariances }),
    denoise(x, sigma) {
      const rows = x.rank < 2 ? 1 : x.shape[0];
      const flatX = x.reshape(rows, -1);
      const level = sigma.rank === 0 ? sigma : sigma.reshape(-1, 1);
      return posteriorMean(components, flatX, level).reshape(x.shape);
    },
  });
}

/** x [N, n], sigma [] or [N, 1]. */
function posteriorMean(components: readonly Component[], x: Tensor, sigma: Tensor): Tensor {
  const noise = sigma.square();
  const parts = components.map(({ logWeight, mean, basis, inverseBasis, values }) => {
    const u = x.sub(mean).matmul(basis);
    const total = values.add(noise);
    const denoised = u.mul(values.div(total)).matmul(inverseBasis).add(mean);
    // log of weight·density, without the constant that all components share
    const log = u.square().div(total).add(total.log()).sum(1, true).mul(-0.5).add(logWeight);
    return { denoised, log };
  });
  if (parts.length === 1) return parts[0].denoised;
  const shares = concat(
    parts.map((p) => p.log),
    1,
  ).softmax(1);
  return parts.map((p, k) => p.denoised.mul(shares.narrow(1, k, 1))).reduce((a, b) => a.add(b));
}

function flat(m: Matrix): Float64Array {
  return Float64Array.from(m.to1DArray());
}

function check({ weights, means, covariances }: Mixture): void {
  const fail = (what: string, expected: string, got: string) =>
    new TweedieError("invalid-option", { what, expected, got });
  const total = weights.reduce((s, w) => s + w, 0);
  if (weights.length === 0 || weights.some((w) => !(w > 0)) || Math.abs(total - 1) > 1e-9)
    throw fail("mixture weights", "positive numbers that add up to 1", `[${weights.join(", ")}]`);
  if (means.length !== weights.length || covariances.length !== weights.length)
    throw fail("mixture", `${weights.length} means and covariances`, `${means.length} and ${covariances.length}`);
  means.forEach((mean, k) => {
    const n = means[0].length;
    if (mean.length !== n || covariances[k].length !== n || !mean.every(Number.isFinite))
      throw fail(
        `component ${k}`,
        `a finite mean and a covariance of size ${n}`,
        `${mean.length}, ${covariances[k].length}`,
      );
  });
}
