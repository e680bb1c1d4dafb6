export {
  type Autoencoder,
  type Encoded,
  type LatentScaling,
  rescaledPictures,
  sampleLatent,
  scaledAutoencoder,
  stableDiffusionScaling,
} from "./autoencoder.ts";
export { type AutoencoderKl, autoencoderKl } from "./autoencoder-kl.ts";
export { type Condition, type ConditionalNetwork, type ConditionalUnet, conditionalUnet } from "./conditional-unet.ts";
export { decodeLatents } from "./decode.ts";
export { conditioned, guided } from "./guidance.ts";
export { encodePadded, latentOperator, latentShape, latentSpace } from "./latent-operator.ts";
export { cardAutoencoder, latentPrior, loadLatentPrior } from "./latent-prior.ts";
export { linearAutoencoder } from "./linear-autoencoder.ts";
export { type ShuffleAutoencoder, shuffleAutoencoder } from "./shuffle-autoencoder.ts";
export { decoderSlopeSquared } from "./slope.ts";
export { type TinyAutoencoder, tinyAutoencoder } from "./tiny-autoencoder.ts";
