import type { Denoiser } from "../diffusion/index.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Card, SettingsFamily } from "./card.ts";

/** A denoiser conditioned on what the picture is of. */
export interface Conditional {
  /** What the prior's own `denoise` is conditioned on: tokens [1, T, D]. */
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
  readonly card: Card;
  /**
   * Identity of the denoiser: two priors of one hash share compiled programs. The sha256 of the weights file in hex; a text of
   * the parameters, for closed forms.
   */
  readonly hash: string;
  /** The family whose tuned solver settings fit; absent: the settings of the solvers' papers. */
  readonly settings?: SettingsFamily | undefined;
  /** [height, width] of a network made for one size; smaller pictures are padded, larger ones refused. */
  readonly fixedSize?: readonly [height: number, width: number];
}

/** The probe label of a network evaluation; its VJPs count under the same label with "'" appended. */
export const FORWARD = "forward";
