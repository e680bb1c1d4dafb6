import { type Denoiser, type Network, rescaled, wrapNetwork } from "../diffusion/index.ts";
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
} from "../networks/index.ts";
import { parameter, probe, show, type Tensor } from "../tensor/index.ts";
import { toFloat32, type WeightSource } from "../weights/index.ts";
import { type Card, familyOf, lacks } from "./card.ts";
import { conditioned } from "./guidance.ts";
import { fixedSize, padded } from "./padding.ts";
import { coordinatesOf, ownScale } from "./preconditioning.ts";
import { FORWARD, type Prior } from "./prior.ts";

/** What a prior is made of beside its card. */
export interface NetworkParts {
  /** F(u, time); each of its evaluations is marked by a probe. */
  readonly network: Network;
  /** Height and width must be multiples of this. */
  readonly multiple: number;
  /** [height, width], where the network takes one size only. */
  readonly size?: readonly [number, number] | undefined;
  readonly roundTime?: boolean | undefined;
  /** Of networks with cross-attention: their own condition, and the network under another one. */
  readonly conditional?: { readonly embedding: Tensor; network(embedding: Tensor): Network } | undefined;
  /** The space that the network works in, where it is not that of pictures. */
  readonly latent?: Autoencoder | undefined;
}

/**
 * A prior of a network. That of a latent model works on the latents of `latent`, while its channels and grid are those of the
 * pictures they decode to.
 * @param hash identity of the weights, see {@link Prior}
 * @throws {TweedieError} invalid-model: a card without preconditioning
 */
export function composePrior(card: Card, parts: NetworkParts, hash: string): Prior {
  const { name, image, preconditioning } = card;
  const { network, multiple, size, roundTime, conditional, latent } = parts;
  if (!preconditioning) throw lacks(`model ${name}`, "preconditioning");
  const { parametrization, sigmaRange } = coordinatesOf(preconditioning, { roundTime });
  const range = latent ? ([-1, 1] as const) : image.range;
  const denoiserOf = (network: Network): Denoiser => {
    const denoise = rescaled(wrapNetwork(network, parametrization, sigmaRange), range);
    const anySize = size ? fixedSize(denoise, size, name) : padded(denoise, multiple);
    return latent ? onLatents(anySize, latent.latents, name) : anySize;
  };
  return {
    name,
    denoise: denoiserOf(network),
    channels: image.channels,
    multipleOf: (latent?.factor ?? 1) * multiple,
    sigmaRange: ownScale(sigmaRange, range),
    card,
    hash,
    settings: familyOf(card),
    ...(latent ? { latent } : {}),
    ...(size ? { fixedSize: size } : {}),
    ...(conditional
      ? {
          conditional: {
            embedding: conditional.embedding,
            denoise: (z, sigma, embedding) => denoiserOf(conditional.network(embedding))(z, sigma),
          },
        }
      : {}),
  };
}

/** The weights of a card's network and, for latent models, of its autoencoder. */
export interface NetworkWeights {
  readonly denoiser: WeightSource;
  readonly autoencoder?: WeightSource;
}

/**
 * A prior of a card and its weights.
 * @param hash identity of the weights
 * @throws {TweedieError} invalid-model: a card of another architecture, without preconditioning or without the autoencoder;
 * weights of another network; unreadable-file; aborted
 */
export async function networkPrior(
  card: Card,
  weights: NetworkWeights,
  hash: string,
  signal?: AbortSignal,
): Promise<Prior> {
  const latent = weights.autoencoder && (await readAutoencoder(card, weights.autoencoder, signal));
  return composePrior(card, { ...(await readDenoiser(card, weights.denoiser, signal)), latent }, hash);
}

function onLatents(denoise: Denoiser, latents: number, name: string): Denoiser {
  return (z, sigma) => {
    if (z.shape[1] === latents) return denoise(z, sigma);
    throw new TweedieError("shape-mismatch", {
      what: `model ${name}`,
      expected: `latents [N, ${latents}, h, w]`,
      got: show(z.shape),
      hint: "encode the picture first, or solve with prepareLatentSolver",
    });
  };
}

const counted =
  (network: Network): Network =>
  (u, time) =>
    probe(network(u, time), FORWARD);

async function readDenoiser(
  { architecture }: Card,
  weights: WeightSource,
  signal: AbortSignal | undefined,
): Promise<NetworkParts> {
  switch (architecture.type) {
    case "shuffle-unet": {
      const network = await readNetwork(weights, (reader) => shuffleUnet(reader, architecture), { signal });
      return { network: counted(network), multiple: architecture.multiple };
    }
    case "conditional-unet": {
      const { context: width, multiple } = architecture;
      const read = { besides: ["context"], signal };
      const unet = await readNetwork(weights, (reader) => conditionalUnet(reader, architecture), read);
      if (!width) return { network: counted(conditioned(unet)), multiple };
      const embedding = await ownEmbedding(weights, width, signal);
      const network = (context: Tensor) => counted(conditioned(unet, { context }));
      return { network: network(embedding), multiple, conditional: { embedding, network } };
    }
    default:
      throw new TweedieError("invalid-model", {
        what: weights.name,
        expected: "a card of a network: shuffle-unet or conditional-unet",
        got: architecture.type,
      });
  }
}

/** The condition of a model with cross-attention: the tensor `context` [1, T, width] of its weights, or one token of zeros. */
async function ownEmbedding(weights: WeightSource, width: number, signal: AbortSignal | undefined): Promise<Tensor> {
  const { shape } = weights.entry("context") ?? {};
  if (!shape) return parameter(new Float32Array(width), [1, 1, width]);
  if (shape.length === 3 && shape[0] === 1 && shape[2] === width)
    return parameter(toFloat32(await weights.read("context", signal)), shape);
  throw new TweedieError("invalid-model", {
    what: `${weights.name}: context`,
    expected: `[1, T, ${width}]`,
    got: show(shape),
  });
}

/** The autoencoder of a card, on latents of unit variance. */
async function readAutoencoder(card: Card, weights: WeightSource, signal?: AbortSignal): Promise<Autoencoder> {
  const { autoencoder, image } = card;
  if (!autoencoder) throw lacks(weights.name, "an autoencoder");
  const { architecture, latents } = autoencoder;
  const own = await readNetwork(
    weights,
    (reader) => {
      if (architecture.type === "shuffle-autoencoder") return shuffleAutoencoder(reader, architecture);
      if (architecture.type === "tiny-autoencoder") return tinyAutoencoder(reader, architecture);
      return autoencoderKl(reader, architecture);
    },
    { signal },
  );
  return scaledAutoencoder(rescaledPictures(own, image.range), latents);
}
