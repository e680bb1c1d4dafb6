import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Denoiser, type Network, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import type { Card, LatentAutoencoder } from "../priors/card.ts";
import { checkedHash, type LoadOptions, lacks, readModelFile } from "../priors/model-files.ts";
import { padded } from "../priors/padding.ts";
import { borderOf } from "../priors/preconditioning.ts";
import { FORWARD, type Prior } from "../priors/prior.ts";
import { readSafetensors, type StoredTensor, toFloat32 } from "../priors/safetensors.ts";
import { shuffleUnet } from "../priors/shuffle-unet.ts";
import { constant, probe, show, type Tensor } from "../tensor/index.ts";
import { type Autoencoder, rescaledPictures, scaledAutoencoder } from "./autoencoder.ts";
import { autoencoderKl } from "./autoencoder-kl.ts";
import { type ConditionalUnet, conditionalUnet } from "./conditional-unet.ts";
import { conditioned } from "./guidance.ts";
import { shuffleAutoencoder } from "./shuffle-autoencoder.ts";
import { tinyAutoencoder } from "./tiny-autoencoder.ts";

/** The bytes of a latent model's two weights files, with their names for messages. */
export interface LatentFiles {
  readonly denoiser: { readonly bytes: Uint8Array; readonly source: string };
  readonly autoencoder: { readonly bytes: Uint8Array; readonly source: string };
}

/**
 * A latent diffusion model of a card: a prior whose `denoise` speaks of the latents of `latent`, while its channels and grid
 * are those of the pictures they decode to.
 * @throws invalid-model for a card without autoencoder or preconditioning, damaged weights or weights of another network
 */
export function latentPrior(card: Card, files: LatentFiles): Prior {
  const { preconditioning, autoencoder: entry, image } = card;
  const { denoiser } = files;
  if (!entry) throw lacks(denoiser.source, "an autoencoder");
  if (!preconditioning) throw lacks(denoiser.source, "preconditioning");
  const latent = cardAutoencoder(card, files.autoencoder.bytes, files.autoencoder.source);
  const hash = createHash("sha256")
    .update(checkedHash(denoiser.bytes, card.weights?.sha256, denoiser.source))
    .update(entry.weights.sha256)
    .digest("hex");
  const { network, multiple, told } = latentNetwork(card, denoiser.bytes, denoiser.source);
  const { parametrization, sigmaRange } = borderOf(preconditioning);
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
    ...(told
      ? {
          conditional: {
            embedding: told.embedding,
            denoise: (z, sigma, embedding) => denoiserOf(told.network(embedding))(z, sigma),
          },
        }
      : {}),
    channels: image.channels,
    multipleOf: latent.factor * multiple,
    sigmaRange,
    card,
    hash,
  };
}

/** The autoencoder of a card, on latents of unit variance. @throws invalid-model */
export function cardAutoencoder(card: Card, bytes: Uint8Array, source: string): Autoencoder {
  const { autoencoder: entry, image } = card;
  if (!entry) throw lacks(source, "an autoencoder");
  checkedHash(bytes, entry.weights.sha256, source);
  const own = ownAutoencoder(entry.architecture, bytes, source);
  return scaledAutoencoder(rescaledPictures(own, image.range), entry.latents);
}

/** Loads the latent model of a card; its weights files are found from the card's folder. */
export async function loadLatentPrior(card: Card, cardFile: string, options: LoadOptions = {}): Promise<Prior> {
  if (!card.weights || !card.autoencoder) throw lacks(cardFile, "weights and an autoencoder");
  const read = async (name: string) => {
    const source = join(dirname(cardFile), name);
    return { bytes: await readModelFile(source, options), source };
  };
  return latentPrior(card, {
    denoiser: await read(card.weights.file),
    autoencoder: await read(card.autoencoder.weights.file),
  });
}

function ownAutoencoder(
  architecture: LatentAutoencoder["architecture"],
  bytes: Uint8Array,
  source: string,
): Autoencoder {
  const { tensors } = readSafetensors(bytes, source);
  switch (architecture.type) {
    case "shuffle-autoencoder":
      return shuffleAutoencoder(architecture, tensors, source);
    case "tiny-autoencoder":
      return tinyAutoencoder(architecture, tensors, source);
    default:
      return autoencoderKl(architecture, tensors, source);
  }
}

/** A network, and for those with cross-attention what it is told and how to tell it something else. */
interface LatentNetwork {
  readonly network: Network;
  readonly multiple: number;
  readonly told?: { readonly embedding: Tensor; network(embedding: Tensor): Network };
}

function latentNetwork({ architecture }: Card, bytes: Uint8Array, source: string): LatentNetwork {
  const { tensors } = readSafetensors(bytes, source);
  switch (architecture.type) {
    case "shuffle-unet":
      return { network: shuffleUnet(architecture, tensors, source), multiple: architecture.multiple };
    case "conditional-unet":
      return { ...toldNetwork(architecture, tensors, source), multiple: architecture.multiple };
    default:
      throw new TweedieError("invalid-model", {
        what: source,
        expected: "a latent network: shuffle-unet or conditional-unet",
        got: architecture.type,
      });
  }
}

/** The tensor `context` [1, T, D] of the weights is what a network with cross-attention is told; without it one token of zeros. */
function toldNetwork(
  architecture: ConditionalUnet,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Pick<LatentNetwork, "network" | "told"> {
  const { context: stored, ...weights } = Object.fromEntries(tensors);
  const unet = conditionalUnet(architecture, new Map(Object.entries(weights)), source);
  const { context: width } = architecture;
  if (!width) return { network: conditioned(unet) };
  const embedding = stored
    ? tokens(stored, width, source)
    : constant(new Array(width).fill(0), [1, 1, width], "float32");
  const network = (context: Tensor) => conditioned(unet, { context });
  return { network: network(embedding), told: { embedding, network } };
}

function tokens(stored: StoredTensor, width: number, source: string): Tensor {
  const { shape } = stored;
  if (shape.length === 3 && shape[0] === 1 && shape[2] === width) return constant(toFloat32(stored), shape);
  throw new TweedieError("invalid-model", {
    what: `${source}: context`,
    expected: `[1, T, ${width}]`,
    got: show(shape),
  });
}
