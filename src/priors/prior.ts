import type { Denoiser } from "../diffusion/index.ts";
import type { Autoencoder } from "../latent/autoencoder.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Card } from "./card.ts";

/** A denoiser that is told what the picture is of. */
export interface Conditional {
  /** What the prior's own `denoise` is told: tokens [1, T, D]. */
  readonly embedding: Tensor;
  /** E[x0 | x, embedding], with other tokens [N or 1, T, D]. */
  readonly denoise: (x: Tensor, sigma: Tensor, embedding: Tensor) => Tensor;
}

/** A distribution of clean pictures, known through its denoiser. */
export interface Prior {
  readonly name: string;
  /**
   * E[x0 | x] for pictures [N, channels, H, W] of any size (or {@link fixedSize}); each network call in it carries the
   * mark `probe(·, "forward")`. Closed-form priors take vectors too.
   */
  readonly denoise: Denoiser;
  readonly channels: number;
  /** The network's own grid: other sizes work, by reflecting borders inside, at the cost of the next multiple. */
  readonly multipleOf: number;
  /** Noise levels that the network knows. Outside it `denoise` still answers; see {@link wrapNetwork}. */
  readonly sigmaRange: readonly [min: number, max: number];
  /**
   * Latent priors: the space of `denoise` and `sigmaRange`, with the way there and back. Everything else still speaks of the
   * pictures.
   */
  readonly latent?: Autoencoder;
  /** Priors whose network takes a condition: a text's tokens, say. */
  readonly conditional?: Conditional;
  /** The family of priors whose tuned solver settings suit this one (`src/settings`). */
  readonly settings?: string | undefined;
  readonly card: Card;
  /** sha256 of the weights file (of the parameters, for closed forms), in hex. */
  readonly hash: string;
  /** [height, width] of a network made for one size; smaller pictures are padded, larger ones refused. */
  readonly fixedSize?: readonly [height: number, width: number];
}

/** The probe label of a network evaluation; its VJPs count under the same label with "'" appended. */
export const FORWARD = "forward";
