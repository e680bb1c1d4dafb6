import { TweedieError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { fromTokens, headsAttention, toTokens } from "./blocks.ts";
import type { Layer, WeightReader } from "./weight-reader.ts";

/** A feature map [N, C, H, W] attending to itself and to context tokens [N or 1, T, D]. */
export type SpatialTransformer = (x: Tensor, context?: Tensor) => Tensor;

/**
 * The transformer of latent diffusion's U-Nets (Rombach et al. 2022, section 3.3), one block deep: self-attention,
 * cross-attention (only where `context` says how wide the tokens are), a gated feed-forward layer; added to its input.
 */
export function spatialTransformer(
  weights: WeightReader,
  name: string,
  width: number,
  { heads, groups, context }: { heads: number; groups: number; context?: number | undefined },
): SpatialTransformer {
  const norm = weights.groupNorm(`${name}.norm`, width, groups, 1e-6);
  const projectIn = weights.conv(`${name}.proj_in`, width, width, 1);
  const block = `${name}.transformer_blocks.0`;
  const norm1 = weights.layerNorm(`${block}.norm1`, width);
  const self = headsAttention(weights, `${block}.attn1`, width, width, heads);
  const cross = context
    ? {
        norm: weights.layerNorm(`${block}.norm2`, width),
        attend: headsAttention(weights, `${block}.attn2`, width, context, heads),
      }
    : undefined;
  const norm3 = weights.layerNorm(`${block}.norm3`, width);
  const feed = gatedFeedForward(weights, `${block}.ff`, width);
  const projectOut = weights.conv(`${name}.proj_out`, width, width, 1);
  return (x, tokens) => {
    let h = toTokens(projectIn(norm(x)));
    const own = norm1(h);
    h = h.add(self(own, own));
    if (cross) {
      if (!tokens) throw lacksContext(context ?? 0);
      h = h.add(cross.attend(cross.norm(h), tokens));
    }
    h = h.add(feed(norm3(h)));
    return x.add(projectOut(fromTokens(h, x)));
  };
}

function lacksContext(width: number): TweedieError {
  const expected = `context tokens [N or 1, T, ${width}]`;
  return new TweedieError("invalid-option", { what: "conditional network", expected, got: "none" });
}

/** GEGLU (Shazeer, arXiv 2002.05202): W₂(a · gelu(b)), [a, b] = W₁ x, four times as wide inside. */
function gatedFeedForward(weights: WeightReader, name: string, width: number): Layer {
  const inner = 4 * width;
  const first = weights.linear(`${name}.net.0.proj`, width, 2 * inner);
  const last = weights.linear(`${name}.net.2`, inner, width);
  return (x) => {
    const [value, gate] = first(x).split([inner, inner], x.rank - 1);
    return last(value.mul(gate.gelu()));
  };
}
