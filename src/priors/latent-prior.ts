import { type Denoiser, type Network, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import {
  type Autoencoder,
  autoencoderKl,
  conditionalUnet,
  readNetwork,
  rescaledPictures,
  scaledAutoencoder,
  shuffleAutoencoder,
  shuffleUnet,
  tinyAutoencoder,
  type WeightReader,
} from "../networks/index.ts";
import { constant, probe, show, type Tensor } from "../tensor/index.ts";
import { toFloat32, type WeightSource } from "../weights/index.ts";
import { type Card, familyOf, type LatentAutoencoder, lacks } from "./card.ts";
import { conditioned } from "./guidance.ts";
import { padded } from "./padding.ts";
import { coordinatesOf } from "./preconditioning.ts";
import { FORWARD, type Prior } from "./prior.ts";

/** The weights of a latent model's two networks. */
export interface LatentWeights {
  readonly denoiser: WeightSource;
  readonly autoencoder: WeightSource;
}

/**
 * A latent diffusion model of a card: a prior whose `denoise` works on the latents of `latent`, while its channels and grid
 * are those of the pictures they decode to.
 * @param hash of both weights
 * @throws {TweedieError} invalid-model: a card without autoencoder or preconditioning, weights of another network
 */
export async function latentPrior(
  card: Card,
  weights: LatentWeights,
  hash: string,
  signal?: AbortSignal,
): Promise<Prior> {
  const { preconditioning, image } = card;
  const { denoiser } = weights;
  if (!preconditioning) throw lacks(denoiser.name, "preconditioning");
  const latent = await cardAutoencoder(card, weights.autoencoder, signal);
  const { network, multiple, conditional } = await latentNetwork(card, denoiser, signal);
  const { parametrization, sigmaRange } = coordinatesOf(preconditioning);
  const denoiserOf = (network: Network): Denoiser => {
    const counted: Network = (u, time) => probe(network(u, time), FORWARD);
    const denoise = padded(wrapNetwork(counted, parametrization, sigmaRange), multiple);
    return (z, sigma) => {
      if (z.shape[1] !== latent.latents)
        throw new TweedieError("shape-mismatch", {
          what: `model ${card.name}`,
          expected: `latents [N, ${latent.latents}, h, w]`,
          got: show(z.shape),
          hint: "encode the picture first, or solve with prepareLatentSolver",
        });
      return denoise(z, sigma);
    };
  };
  return {
    name: card.name,
    denoise: denoiserOf(network),
    latent,
    ...(conditional
      ? {
          conditional: {
            embedding: conditional.embedding,
            denoise: (z, sigma, embedding) => denoiserOf(conditional.network(embedding))(z, sigma),
          },
        }
      : {}),
    channels: image.channels,
    multipleOf: latent.factor * multiple,
    sigmaRange,
    card,
    hash,
    settings: familyOf(card),
  };
}

/**
 * The autoencoder of a card, on latents of unit variance.
 * @throws {TweedieError} invalid-model: a card without autoencoder, weights of another network
 */
export async function cardAutoencoder(card: Card, weights: WeightSource, signal?: AbortSignal): Promise<Autoencoder> {
  const { autoencoder, image } = card;
  if (!autoencoder) throw lacks(weights.name, "an autoencoder");
  const own = await readNetwork(weights, (reader) => ownAutoencoder(reader, autoencoder.architecture), { signal });
  return scaledAutoencoder(rescaledPictures(own, image.range), autoencoder.latents);
}

function ownAutoencoder(reader: WeightReader, architecture: LatentAutoencoder["architecture"]): Autoencoder {
  switch (architecture.type) {
    case "shuffle-autoencoder":
      return shuffleAutoencoder(reader, architecture);
    case "tiny-autoencoder":
      return tinyAutoencoder(reader, architecture);
    default:
      return autoencoderKl(reader, architecture);
  }
}

/** A network, and for those with cross-attention the condition and the network under another one. */
interface LatentNetwork {
  readonly network: Network;
  readonly multiple: number;
  readonly conditional?: { readonly embedding: Tensor; network(embedding: Tensor): Network };
}

async function latentNetwork(
  { architecture }: Card,
  weights: WeightSource,
  signal: AbortSignal | undefined,
): Promise<LatentNetwork> {
  switch (architecture.type) {
    case "shuffle-unet": {
      const network = await readNetwork(weights, (reader) => shuffleUnet(reader, architecture), { signal });
      return { network, multiple: architecture.multiple };
    }
    case "conditional-unet": {
      const { context: width, multiple } = architecture;
      const read = { besides: ["context"], signal };
      const unet = await readNetwork(weights, (reader) => conditionalUnet(reader, architecture), read);
      if (!width) return { network: conditioned(unet), multiple };
      const embedding = await ownEmbedding(weights, width, signal);
      const network = (context: Tensor) => conditioned(unet, { context });
      return { network: network(embedding), multiple, conditional: { embedding, network } };
    }
    default:
      throw new TweedieError("invalid-model", {
        what: weights.name,
        expected: "a latent network: shuffle-unet or conditional-unet",
        got: architecture.type,
      });
  }
}

/** The condition of a model with cross-attention: the tensor `context` [1, T, width] of its weights, or one token of zeros. */
async function ownEmbedding(weights: WeightSource, width: number, signal: AbortSignal | undefined): Promise<Tensor> {
  const { shape } = weights.entry("context") ?? {};
  if (!shape) return constant(new Float32Array(width), [1, 1, width]);
  if (shape.length === 3 && shape[0] === 1 && shape[2] === width)
    return constant(toFloat32(await weights.read("context", signal)), shape);
  throw new TweedieError("invalid-model", {
    what: `${weights.name}: context`,
    expected: `[1, T, ${width}]`,
    got: show(shape),
  });
}
