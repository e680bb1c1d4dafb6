import { shapeError, show } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface AttentionOptions {
  /** Factor of the scores; 1/√d by default. */
  readonly scale?: number;
  /** Added to the scores (broadcasts to [..., queries, keys]); a bool mask keeps the scores where it is true. */
  readonly mask?: Tensor;
}

/**
 * Scaled dot-product attention softmax(q·kᵀ·scale + mask)·v (Vaswani et al., arXiv 1706.03762): q [..., T, d],
 * k [..., S, d], v [..., S, e] give [..., T, e]. The probabilities are written out because the derivative needs them.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, { scale, mask }: AttentionOptions = {}): Tensor {
  const d = q.shape[q.rank - 1];
  const fits = q.rank >= 2 && k.rank >= 2 && v.rank >= 2 && k.shape[k.rank - 1] === d;
  if (!fits || k.shape[k.rank - 2] !== v.shape[v.rank - 2])
    throw shapeError(
      "attention",
      "q [..., T, d], k [..., S, d] and v [..., S, e]",
      [q, k, v].map((t) => show(t.shape)).join(", "),
    );
  const axes = k.shape.map((_, i) => i);
  const kt = k.transpose([...axes.slice(0, -2), k.rank - 1, k.rank - 2]);
  let scores = q.mul(scale ?? 1 / Math.sqrt(d)).matmul(kt);
  // -1e30 and not -Infinity: a row without any key gives the mean of v and not NaN
  if (mask) scores = mask.dtype === "bool" ? mask.where(scores, -1e30) : scores.add(mask);
  return scores.softmax(-1).matmul(v);
}
