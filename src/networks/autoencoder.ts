import { TweedieError } from "../errors.ts";
import { constant, show, type Tensor } from "../tensor/index.ts";

/** q(z|x) of an encoder: a mean, and a standard deviation where the encoder is a random one (KL). Both [N, latents, h, w]. */
export interface Encoded {
  readonly mean: Tensor;
  readonly std?: Tensor;
}

/**
 * Pictures as latents and back, as tensor maps: every derivative flows through both.
 * Pictures are [N, channels, H, W] in [-1, 1], H and W multiples of `factor`; latents are [N, latents, H/factor, W/factor],
 * scaled so that a clean latent has about unit variance, which is the scale that latent priors speak of.
 */
export interface Autoencoder {
  /** `kl`: a Gaussian encoder; `vq`: latents go to the nearest entry of a codebook before they are decoded; else neither. */
  readonly kind: "kl" | "vq" | "deterministic";
  readonly channels: number;
  readonly latents: number;
  readonly factor: number;
  /** Is `decode` linear? */
  readonly linear?: boolean;
  encode(x: Tensor): Encoded;
  /** Not limited to [-1, 1]. */
  decode(z: Tensor): Tensor;
}

/** A draw from q(z|x): mean + std·noise (the mean where there is no std). `noise` is standard normal, shaped as the mean. */
export function sampleLatent({ mean, std }: Encoded, noise: Tensor): Tensor {
  return std ? mean.add(std.mul(noise)) : mean;
}

/**
 * How a network's own latents are brought to unit variance: z = (raw − mean)/std, per channel or for all. Stable Diffusion 1
 * and 2 have std 1/0.18215 (Rombach et al. 2022, section D.1).
 */
export interface LatentScaling {
  readonly mean?: number | readonly number[];
  readonly std?: number | readonly number[];
}

/** An autoencoder on scaled latents, of one on its network's own. @throws {TweedieError} invalid-model: the numbers do not fit */
export function scaledAutoencoder(own: Autoencoder, { mean = 0, std = 1 }: LatentScaling): Autoencoder {
  const shift = perChannel("mean", mean, own.latents);
  const scale = perChannel("std", std, own.latents);
  return {
    ...own,
    encode(x) {
      const q = own.encode(x);
      return { mean: q.mean.sub(shift).div(scale), std: q.std?.div(scale) };
    },
    decode: (z) => own.decode(z.mul(scale).add(shift)),
  };
}

/** An autoencoder of pictures on [-1, 1], of one whose pictures are on [low, high]. */
export function rescaledPictures(own: Autoencoder, [low, high]: readonly [number, number]): Autoencoder {
  const [a, b] = [(high - low) / 2, (high + low) / 2];
  if (a === 1 && b === 0) return own;
  return { ...own, encode: (x) => own.encode(x.mul(a).add(b)), decode: (z) => own.decode(z).sub(b).div(a) };
}

/** @throws shape-mismatch unless x is [N, channels, H, W] on the autoencoder's grid */
export function checkPicture({ channels, factor }: Pick<Autoencoder, "channels" | "factor">, x: Tensor): void {
  if (x.rank === 4 && x.shape[1] === channels && x.shape[2] % factor === 0 && x.shape[3] % factor === 0) return;
  throw new TweedieError("shape-mismatch", {
    what: "encode",
    expected: `[N, ${channels}, H, W] with H and W multiples of ${factor}`,
    got: show(x.shape),
  });
}

/** @throws shape-mismatch unless z is [N, latents, h, w] */
export function checkLatent({ latents }: Pick<Autoencoder, "latents">, z: Tensor): void {
  if (z.rank === 4 && z.shape[1] === latents) return;
  throw new TweedieError("shape-mismatch", { what: "decode", expected: `[N, ${latents}, h, w]`, got: show(z.shape) });
}

/** Mean and standard deviation of the moments [N, 2·latents, h, w] that KL encoders end in; log variances stay in [-30, 20]. */
export function gaussianMoments(moments: Tensor, latents: number): Encoded {
  const [mean, logVariance] = moments.split([latents, latents], 1);
  return { mean, std: logVariance.clip(-30, 20).mul(0.5).exp() };
}

function perChannel(what: string, value: number | readonly number[], latents: number): Tensor {
  if (typeof value === "number") return constant(value);
  if (value.length === latents) return constant(value, [1, latents, 1, 1]);
  throw new TweedieError("invalid-model", {
    what: `latents.${what}`,
    expected: `one number or ${latents}`,
    got: String(value.length),
  });
}
