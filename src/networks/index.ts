export {
  type Autoencoder,
  type Encoded,
  type LatentScaling,
  rescaledPictures,
  sampleLatent,
  scaledAutoencoder,
} from "./autoencoder.ts";
export { type AutoencoderKl, autoencoderKl, autoencoderKlSchema, autoencoderVqSchema } from "./autoencoder-kl.ts";
export {
  type Condition,
  type ConditionalNetwork,
  type ConditionalUnet,
  conditionalUnet,
  conditionalUnetSchema,
} from "./conditional-unet.ts";
export { type ShuffleAutoencoder, shuffleAutoencoder, shuffleAutoencoderSchema } from "./shuffle-autoencoder.ts";
export { type ShuffleUnet, shuffleUnet, shuffleUnetSchema } from "./shuffle-unet.ts";
export { type TinyAutoencoder, tinyAutoencoder, tinyAutoencoderSchema } from "./tiny-autoencoder.ts";
export { type ReadOptions, readNetwork, WeightReader } from "./weight-reader.ts";
