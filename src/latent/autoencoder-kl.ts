import type { StoredTensor } from "../priors/safetensors.ts";
import { chain, type Layer, WeightReader } from "../priors/weight-reader.ts";
import { type Autoencoder, checkLatent, checkPicture, gaussianMoments } from "./autoencoder.ts";
import { downsample, type NormChoice, resnetBlock, spatialAttention, upsample } from "./blocks.ts";
import { codebook } from "./codebook.ts";

export interface AutoencoderKl {
  /** `autoencoder-vq`: the latents are entries of a codebook, and the encoder gives no variance. */
  readonly type: "autoencoder-kl" | "autoencoder-vq";
  readonly channels: number;
  readonly latents: number;
  /** Channels of each level, the finest first; each level after the first has half the size of the one before. */
  readonly widths: readonly number[];
  /** Residual blocks of each level of the encoder; the decoder has one more. */
  readonly layers: number;
  /** Groups of the normalisations. */
  readonly groups: number;
  /** Attention at the waist; true by default. */
  readonly attention?: boolean;
  /** 1×1 convolutions around the latents (not in FLUX and Stable Diffusion 3); true by default. */
  readonly quantConv?: boolean;
  /** Entries of the codebook, of VQ. */
  readonly entries?: number;
}

/**
 * Stable Diffusion's autoencoder (Rombach et al. 2022), Gaussian ("KL") or vector-quantised ("VQ"), on its own latents:
 * scale them with {@link scaledAutoencoder}. Tensors carry the names of the published weights in Diffusers' layout.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the architecture says
 */
export function autoencoderKl(
  architecture: AutoencoderKl,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Autoencoder {
  const { channels, latents, widths, quantConv = true } = architecture;
  const vq = architecture.type === "autoencoder-vq";
  const weights = new WeightReader(tensors, source);
  const moments = vq ? latents : 2 * latents;
  const encoder = readEncoder(architecture, moments, weights);
  const decoder = readDecoder(architecture, weights);
  const quant = quantConv ? weights.conv("quant_conv", moments, moments, 1) : chain([]);
  const postQuant = quantConv ? weights.conv("post_quant_conv", latents, latents, 1) : chain([]);
  const nearest = vq ? codebook(weights, architecture.entries ?? 1, latents) : chain([]);
  weights.finish();
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
