import type { Tensor } from "../tensor/index.ts";
import type { Layer, WeightReader } from "./weight-reader.ts";

/**
 * Vector quantisation (van den Oord et al., arXiv 1711.00937): each latent vector gives way to the nearest of `entries`
 * learnt vectors. Its derivative is taken as that of the identity (straight through).
 */
export function codebook(weights: WeightReader, entries: number, latents: number): Layer {
  const e = weights.take("quantize.embedding.weight", [entries, latents]);
  return (z) => z.add(nearest(z, e).sub(z).stopGradient());
}

/** The rows of e [K, C] nearest to the vectors of z [N, C, h, w]; between equally near ones their mean. */
function nearest(z: Tensor, e: Tensor): Tensor {
  const [n, c, h, w] = z.shape;
  const vectors = z.transpose([0, 2, 3, 1]).reshape(-1, c);
  // |z − e|² without |z|², which is the same for all e
  const distance = e.square().sum(1).sub(vectors.matmul(e.transpose()).mul(2));
  const chosen = distance.equal(distance.min(1, true)).cast(z.dtype);
  const rows = chosen.div(chosen.sum(1, true)).matmul(e);
  return rows.reshape(n, h, w, c).transpose([0, 3, 1, 2]);
}
