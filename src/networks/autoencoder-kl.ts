import * as z from "zod";
import { type Autoencoder, checkLatent, checkPicture, gaussianMoments } from "./autoencoder.ts";
import { downsample, type NormChoice, resnetBlock, spatialAttention, upsample } from "./blocks.ts";
import { codebook } from "./codebook.ts";
import { channels, count, widths } from "./fields.ts";
import { chain, type Layer, type WeightReader } from "./weight-reader.ts";

const fields = {
  channels,
  latents: channels,
  widths,
  /** Residual blocks of each level of the encoder; the decoder has one more. */
  layers: count.max(1000),
  /** Groups of the normalisations. */
  groups: count,
  /** Attention at the waist; true by default. */
  attention: z.boolean().optional(),
  /** 1×1 convolutions around the latents (not in FLUX and Stable Diffusion 3); true by default. */
  quantConv: z.boolean().optional(),
};

const divided = { path: ["widths"], error: "expected widths that groups divides" };
const groupsDivide = (a: { widths: number[]; groups: number }) => a.widths.every((width) => width % a.groups === 0);

/** A Gaussian encoder. */
export const autoencoderKlSchema = z
  .strictObject({ type: z.literal("autoencoder-kl"), ...fields })
  .refine(groupsDivide, divided);

/** The latents are entries of a codebook of `entries` vectors, and the encoder gives no variance. */
export const autoencoderVqSchema = z
  .strictObject({ type: z.literal("autoencoder-vq"), ...fields, entries: count })
  .refine(groupsDivide, divided);

export type AutoencoderKl = z.infer<typeof autoencoderKlSchema> | z.infer<typeof autoencoderVqSchema>;

/**
 * Stable Diffusion's autoencoder (Rombach et al. 2022), Gaussian ("KL") or vector-quantised ("VQ"), on its own latents:
 * scale them with {@link scaledAutoencoder}. Tensors carry the names of the published weights in Diffusers' layout.
 * @throws {TweedieError} invalid-model: a tensor is missing or shaped otherwise than the architecture says
 */
export function autoencoderKl(weights: WeightReader, config: AutoencoderKl): Autoencoder {
  const { channels, latents, widths, quantConv = true } = config;
  const vq = config.type === "autoencoder-vq";
  const moments = vq ? latents : 2 * latents;
  const encoder = readEncoder(config, moments, weights);
  const decoder = readDecoder(config, weights);
  const quant = quantConv ? weights.conv("quant_conv", moments, moments, 1) : chain([]);
  const postQuant = quantConv ? weights.conv("post_quant_conv", latents, latents, 1) : chain([]);
  const nearest = vq ? codebook(weights, config.entries, latents) : chain([]);
  const grid = { channels, latents, factor: 2 ** (widths.length - 1) };
  return {
    kind: vq ? "vq" : "kl",
    ...grid,
    encode(x) {
      checkPicture(grid, x);
      const h = quant(encoder(x));
      return vq ? { mean: h } : gaussianMoments(h, latents);
    },
    decode(z) {
      checkLatent(grid, z);
      return decoder(postQuant(nearest(z)));
    },
  };
}

const EPS = 1e-6;

function readEncoder(a: AutoencoderKl, out: number, weights: WeightReader): Layer {
  const { channels, widths, layers, groups } = a;
  const norm = { groups, eps: EPS };
  const last = widths.length - 1;
  const body: Layer[] = [weights.conv("encoder.conv_in", channels, widths[0], 3)];
  for (const [i, width] of widths.entries()) {
    const name = `encoder.down_blocks.${i}`;
    for (let j = 0; j < layers; j++) {
      const from = j === 0 ? widths[Math.max(0, i - 1)] : width;
      body.push(resnetBlock(weights, `${name}.resnets.${j}`, from, width, norm));
    }
    if (i < last) body.push(downsample(weights, `${name}.downsamplers.0`, width, "end"));
  }
  body.push(middle(a, "encoder", norm, weights), ...end("encoder", widths[last], out, norm, weights));
  return chain(body);
}

function readDecoder(a: AutoencoderKl, weights: WeightReader): Layer {
  const { channels, latents, layers, groups } = a;
  const norm = { groups, eps: EPS };
  const widths = a.widths.toReversed();
  const body: Layer[] = [weights.conv("decoder.conv_in", latents, widths[0], 3), middle(a, "decoder", norm, weights)];
  for (const [i, width] of widths.entries()) {
    const name = `decoder.up_blocks.${i}`;
    for (let j = 0; j <= layers; j++) {
      const from = j === 0 ? widths[Math.max(0, i - 1)] : width;
      body.push(resnetBlock(weights, `${name}.resnets.${j}`, from, width, norm));
    }
    if (i < widths.length - 1) body.push(upsample(weights, `${name}.upsamplers.0`, width));
  }
  body.push(...end("decoder", widths[widths.length - 1], channels, norm, weights));
  return chain(body);
}

function middle(
  { widths, attention = true }: AutoencoderKl,
  half: string,
  norm: NormChoice,
  weights: WeightReader,
): Layer {
  const width = widths[widths.length - 1];
  const name = `${half}.mid_block`;
  const [first, second] = [0, 1].map((k) => resnetBlock(weights, `${name}.resnets.${k}`, width, width, norm));
  const mix = attention ? spatialAttention(weights, `${name}.attentions.0`, width, norm) : chain([]);
  return (x) => second(mix(first(x)));
}

function end(half: string, from: number, to: number, { groups, eps }: NormChoice, weights: WeightReader): Layer[] {
  const norm = weights.groupNorm(`${half}.conv_norm_out`, from, groups, eps);
  return [(x) => norm(x).silu(), weights.conv(`${half}.conv_out`, from, to, 3)];
}
