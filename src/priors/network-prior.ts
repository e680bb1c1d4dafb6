import { rescaled, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { readNetwork, shuffleUnet } from "../networks/index.ts";
import { probe, type Tensor } from "../tensor/index.ts";
import type { WeightSource } from "../weights/index.ts";
import { type Card, familyOf, lacks } from "./card.ts";
import { padded } from "./padding.ts";
import { coordinatesOf, ownScale } from "./preconditioning.ts";
import { FORWARD, type Prior } from "./prior.ts";

/**
 * A prior of pictures, of a card and its weights.
 * @param hash of the weights
 * @throws {TweedieError} invalid-model: a card of another architecture or without preconditioning, weights of another network
 */
export async function networkPrior(
  card: Card,
  weights: WeightSource,
  hash: string,
  signal?: AbortSignal,
): Promise<Prior> {
  const { architecture, preconditioning, image } = card;
  if (architecture.type !== "shuffle-unet")
    throw new TweedieError("invalid-model", {
      what: weights.name,
      expected: "a card of architecture shuffle-unet",
      got: architecture.type,
    });
  if (!preconditioning) throw lacks(weights.name, "preconditioning");
  const { parametrization, sigmaRange } = coordinatesOf(preconditioning);
  const network = await readNetwork(weights, (reader) => shuffleUnet(reader, architecture), { signal });
  const counted = (u: Tensor, time: Tensor) => probe(network(u, time), FORWARD);
  const denoise = rescaled(wrapNetwork(counted, parametrization, sigmaRange), image.range);
  return {
    name: card.name,
    denoise: padded(denoise, architecture.multiple),
    channels: image.channels,
    multipleOf: architecture.multiple,
    sigmaRange: ownScale(sigmaRange, image.range),
    card,
    hash,
    settings: familyOf(card),
  };
}
