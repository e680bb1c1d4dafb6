import { attention, type Tensor } from "../tensor/index.ts";
import type { Layer, WeightReader } from "./weight-reader.ts";

// The blocks of Stable Diffusion's networks (Rombach et al. 2022), under the names that their published weights carry.

export interface NormChoice {
  /** Groups of the group normalisations. */
  readonly groups: number;
  readonly eps: number;
}

/** A residual block; `embedding` [N, D], where the network has one, is added to each channel between the convolutions. */
export type ResnetBlock = (x: Tensor, embedding?: Tensor) => Tensor;

/** shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))) + time_emb_proj(silu(embedding))))). */
export function resnetBlock(
  weights: WeightReader,
  name: string,
  from: number,
  to: number,
  { groups, eps }: NormChoice,
  embedded?: number,
): ResnetBlock {
  const norm1 = weights.groupNorm(`${name}.norm1`, from, groups, eps);
  const conv1 = weights.conv(`${name}.conv1`, from, to, 3);
  const project = embedded ? weights.linear(`${name}.time_emb_proj`, embedded, to) : undefined;
  const norm2 = weights.groupNorm(`${name}.norm2`, to, groups, eps);
  const conv2 = weights.conv(`${name}.conv2`, to, to, 3);
  const shortcut = from === to ? undefined : weights.conv(`${name}.conv_shortcut`, from, to, 1);
  return (x, embedding) => {
    let h = conv1(norm1(x).silu());
    if (project && embedding) h = h.add(project(embedding.silu()).unsqueeze([2, 3]));
    return (shortcut ? shortcut(x) : x).add(conv2(norm2(h).silu()));
  };
}

/** Attention of all positions of a feature map to each other, one head, added to its input: the middle of autoencoders. */
export function spatialAttention(
  weights: WeightReader,
  name: string,
  width: number,
  { groups, eps }: NormChoice,
): Layer {
  const norm = weights.groupNorm(`${name}.group_norm`, width, groups, eps);
  // Older files call the projections query, key, value and proj_attn.
  const old = weights.has(`${name}.query.weight`);
  const [q, k, v, out] = (old ? ["query", "key", "value", "proj_attn"] : ["to_q", "to_k", "to_v", "to_out.0"]).map(
    (part) => weights.linear(`${name}.${part}`, width, width),
  );
  return (x) => {
    const h = toTokens(norm(x));
    return x.add(fromTokens(out(attention(q(h), k(h), v(h))), x));
  };
}

/** Multi-head attention of tokens [N, T, width] to `context` [N or 1, S, from]. */
export function headsAttention(
  weights: WeightReader,
  name: string,
  width: number,
  from: number,
  heads: number,
): (x: Tensor, context: Tensor) => Tensor {
  const toQ = weights.linear(`${name}.to_q`, width, width, { bias: false });
  const toK = weights.linear(`${name}.to_k`, from, width, { bias: false });
  const toV = weights.linear(`${name}.to_v`, from, width, { bias: false });
  const out = weights.linear(`${name}.to_out.0`, width, width);
  const split = (t: Tensor) => t.reshape(t.shape[0], t.shape[1], heads, width / heads).transpose([0, 2, 1, 3]); // [N, heads, T, width/heads]
  return (x, context) => {
    const y = attention(split(toQ(x)), split(toK(context)), split(toV(context)));
    return out(y.transpose([0, 2, 1, 3]).reshape(x.shape));
  };
}

/** [N, C, H, W] as tokens [N, H·W, C]. */
export function toTokens(x: Tensor): Tensor {
  const [n, c, h, w] = x.shape;
  return x.reshape(n, c, h * w).transpose([0, 2, 1]);
}

/** Tokens [N, H·W, C] as a feature map shaped as `like`. */
export function fromTokens(tokens: Tensor, like: Tensor): Tensor {
  return tokens.transpose([0, 2, 1]).reshape(like.shape);
}

/** Twice the size by repeating pixels, then a convolution. */
export function upsample(weights: WeightReader, name: string, width: number): Layer {
  const conv = weights.conv(`${name}.conv`, width, width, 3);
  return (x) => conv(x.resize({ size: [2 * x.shape[2], 2 * x.shape[3]] }));
}

/** Half the size by a convolution; autoencoders pad at the bottom and right alone, denoisers all around. */
export function downsample(weights: WeightReader, name: string, width: number, padding: "end" | "around"): Layer {
  const pads = padding === "end" ? ([0, 0, 1, 1] as const) : ([1, 1, 1, 1] as const);
  return weights.conv(`${name}.conv`, width, width, 3, { stride: 2, pads });
}
