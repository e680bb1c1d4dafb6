import type { StoredTensor } from "../priors/safetensors.ts";
import { chain, type Layer, WeightReader } from "../priors/weight-reader.ts";
import { concat, constant, type Tensor } from "../tensor/index.ts";
import { downsample, type NormChoice, type ResnetBlock, resnetBlock, upsample } from "./blocks.ts";
import { type SpatialTransformer, spatialTransformer } from "./transformer.ts";

export interface ConditionalUnet {
  readonly type: "conditional-unet";
  readonly channels: number;
  /** Channels of each level, the finest first; each level after the first has half the size of the one before. */
  readonly widths: readonly number[];
  /** Residual blocks of each level on the way down; one more on the way up. */
  readonly layers: number;
  /** Which levels have attention; the waist always has. */
  readonly attention: readonly boolean[];
  readonly heads: number;
  readonly groups: number;
  /** Width of the context tokens (768 for CLIP ViT-L/14); absent: no cross-attention. */
  readonly context?: number;
  /** Number of classes; absent: no classes. */
  readonly classes?: number;
  /** Height and width must be multiples of this: 2^(levels - 1). */
  readonly multiple: number;
}

/** What a sample is to be of: tokens [N or 1, T, context] (a text's, say), or class numbers [N]. */
export interface Condition {
  readonly context?: Tensor;
  readonly label?: Tensor;
}

/** Latents u [N, C, H, W] on the network's scale and one time per sample [N]. */
export type ConditionalNetwork = (u: Tensor, time: Tensor, condition?: Condition) => Tensor;

/**
 * Stable Diffusion's denoiser (Rombach et al. 2022; tensors carry the names of version 1 in Diffusers' layout): a U-Net of
 * residual blocks that are told the noise level, with transformers that attend to the picture and to the context.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the architecture says
 */
export function conditionalUnet(
  a: ConditionalUnet,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): ConditionalNetwork {
  const weights = new WeightReader(tensors, source);
  const { channels, widths, layers, groups, attention } = a;
  const norm: NormChoice = { groups, eps: 1e-5 };
  const last = widths.length - 1;
  const embedded = 4 * widths[0];
  const embed = readEmbedding(a, embedded, weights);
  const resnet = (name: string, from: number, to: number) => resnetBlock(weights, name, from, to, norm, embedded);
  const transformer = (name: string, width: number) =>
    spatialTransformer(weights, name, width, { heads: a.heads, groups, context: a.context });

  const convIn = weights.conv("conv_in", channels, widths[0], 3);
  const skipWidths = [widths[0]];
  const down = widths.map((width, i) => {
    const name = `down_blocks.${i}`;
    const rows = range(layers).map((j): Row => {
      skipWidths.push(width);
      const from = j === 0 ? widths[Math.max(0, i - 1)] : width;
      return {
        resnet: resnet(`${name}.resnets.${j}`, from, width),
        attend: attention[i] ? transformer(`${name}.attentions.${j}`, width) : undefined,
      };
    });
    const half = i < last ? downsample(weights, `${name}.downsamplers.0`, width, "around") : undefined;
    if (half) skipWidths.push(width);
    return { rows, half };
  });

  const width = widths[last];
  const before = resnet("mid_block.resnets.0", width, width);
  const waist = transformer("mid_block.attentions.0", width);
  const after = resnet("mid_block.resnets.1", width, width);

  let from = width;
  const up = widths.toReversed().map((to, i) => {
    const name = `up_blocks.${i}`;
    const rows = range(layers + 1).map((j): Row => {
      const wide = from + (skipWidths.pop() ?? 0);
      from = to;
      return {
        resnet: resnet(`${name}.resnets.${j}`, wide, to),
        attend: attention[last - i] ? transformer(`${name}.attentions.${j}`, to) : undefined,
      };
    });
    return { rows, double: i < last ? upsample(weights, `${name}.upsamplers.0`, to) : undefined };
  });
  const normOut = weights.groupNorm("conv_norm_out", widths[0], groups, norm.eps);
  const convOut = weights.conv("conv_out", widths[0], channels, 3);
  weights.finish();

  return (u, time, { context, label } = {}) => {
    const e = embed(time, label);
    const run = ({ resnet, attend }: Row, x: Tensor): Tensor => {
      const y = resnet(x, e);
      return attend ? attend(y, context) : y;
    };
    let x = convIn(u);
    const skips = [x];
    for (const { rows, half } of down) {
      for (const row of rows) {
        x = run(row, x);
        skips.push(x);
      }
      if (!half) continue;
      x = half(x);
      skips.push(x);
    }
    x = after(waist(before(x, e), context), e);
    for (const { rows, double } of up) {
      for (const row of rows) x = run(row, concat([x, skips.pop()!], 1));
      if (double) x = double(x);
    }
    return convOut(normOut(x).silu());
  };
}

/** A residual block and the transformer after it, where the level has one. */
interface Row {
  readonly resnet: ResnetBlock;
  readonly attend?: SpatialTransformer | undefined;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Time, by sines of geometrically spaced frequencies and a small network, plus the class's own vector. */
function readEmbedding(
  { widths, classes }: ConditionalUnet,
  embedded: number,
  weights: WeightReader,
): (time: Tensor, label?: Tensor) => Tensor {
  const mlp: Layer = chain([
    weights.linear("time_embedding.linear_1", widths[0], embedded),
    (x) => x.silu(),
    weights.linear("time_embedding.linear_2", embedded, embedded),
  ]);
  const table = classes ? weights.take("class_embedding.weight", [classes, embedded]) : undefined;
  return (time, label) => {
    const e = mlp(sinusoidal(time, widths[0]));
    return table && label ? e.add(table.gather(label, 0)) : e;
  };
}

/** [cos(t ω_k), sin(t ω_k)], ω_k = 10000^(-k/(width/2)): [N] to [N, width] (Ho et al. 2020; cosines first). */
export function sinusoidal(time: Tensor, width: number): Tensor {
  const half = width / 2;
  const frequencies = range(half).map((k) => Math.exp((-Math.log(10000) * k) / half));
  const angle = time.unsqueeze(1).mul(constant(frequencies, [1, half], time.dtype));
  return concat([angle.cos(), angle.sin()], 1);
}
