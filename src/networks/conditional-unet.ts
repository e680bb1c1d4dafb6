import * as z from "zod";
import { concat, type Tensor } from "../tensor/index.ts";
import { downsample, type NormChoice, type ResnetBlock, resnetBlock, upsample } from "./blocks.ts";
import { channels, count, multiple, widths } from "./fields.ts";
import { timeEmbedding } from "./time-embedding.ts";
import { type SpatialTransformer, spatialTransformer } from "./transformer.ts";
import type { WeightReader } from "./weight-reader.ts";

export const conditionalUnetSchema = z
  .strictObject({
    type: z.literal("conditional-unet"),
    channels,
    widths,
    /** Residual blocks of each level on the way down; one more on the way up. */
    layers: count.max(1000),
    /** Which levels have attention; the waist always has. */
    attention: z.array(z.boolean()).min(1),
    heads: count,
    /** Groups of the normalisations. */
    groups: count,
    /** Width of the context tokens (768 for CLIP ViT-L/14); absent: no cross-attention. */
    context: count.optional(),
    /** Number of classes; absent: no classes. */
    classes: count.optional(),
    multiple,
  })
  .refine((a) => a.widths.length === a.attention.length, "expected as many widths as entries of attention")
  .refine((a) => a.multiple % 2 ** (a.widths.length - 1) === 0, {
    path: ["multiple"],
    error: "expected a multiple of 2^(levels - 1)",
  })
  .refine((a) => a.widths.every((width) => width % a.groups === 0 && width % a.heads === 0), {
    path: ["widths"],
    error: "expected widths that groups and heads divide",
  });

export type ConditionalUnet = z.infer<typeof conditionalUnetSchema>;

/** What a sample is to be of: tokens [N or 1, T, context] (a text's, say), or class numbers [N]. */
export interface Condition {
  readonly context?: Tensor;
  readonly label?: Tensor;
}

/** Latents u [N, C, H, W] on the network's scale and one time per sample [N]. */
export type ConditionalNetwork = (u: Tensor, time: Tensor, condition?: Condition) => Tensor;

/**
 * Stable Diffusion's denoiser (Rombach et al. 2022; tensors carry the names of version 1 in Diffusers' layout): a U-Net of
 * residual blocks conditioned on the noise level, with transformers that attend to the picture and to the context.
 * @throws {TweedieError} invalid-model: a tensor is missing or shaped otherwise than the architecture says
 */
export function conditionalUnet(weights: WeightReader, config: ConditionalUnet): ConditionalNetwork {
  const { channels, widths, layers, groups, attention, heads, context: tokens, classes } = config;
  const norm: NormChoice = { groups, eps: 1e-5 };
  const last = widths.length - 1;
  const embedded = 4 * widths[0];
  const embed = timeEmbedding(weights, widths[0], embedded, classes);
  const resnet = (name: string, from: number, to: number) => resnetBlock(weights, name, from, to, norm, embedded);
  const transformer = (name: string, width: number) =>
    spatialTransformer(weights, name, width, { heads, groups, context: tokens });

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
