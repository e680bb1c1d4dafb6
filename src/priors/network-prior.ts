import { rescaled, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { probe } from "../tensor/index.ts";
import type { Card } from "./card.ts";
import { checkedHash, lacks } from "./model-files.ts";
import { padded } from "./padding.ts";
import { borderOf, ownScale } from "./preconditioning.ts";
import { FORWARD, type Prior } from "./prior.ts";
import { readSafetensors } from "./safetensors.ts";
import { shuffleUnet } from "./shuffle-unet.ts";

/** A prior of a card and the bytes of its weights file. */
export function networkPrior(card: Card, bytes: Uint8Array, source: string): Prior {
  const { architecture, preconditioning, weights, image } = card;
  if (architecture.type !== "shuffle-unet")
    throw new TweedieError("invalid-model", {
      what: source,
      expected: "a card of architecture shuffle-unet",
      got: architecture.type,
    });
  if (!preconditioning) throw lacks(source, "preconditioning");
  const hash = checkedHash(bytes, weights?.sha256, source);
  const { parametrization, sigmaRange } = borderOf(preconditioning);
  const network = shuffleUnet(architecture, readSafetensors(bytes, source).tensors, source);
  const counted: typeof network = (u, time) => probe(network(u, time), FORWARD);
  const denoise = rescaled(wrapNetwork(counted, parametrization, sigmaRange), image.range);
  return {
    name: card.name,
    denoise: padded(denoise, architecture.multiple),
    channels: image.channels,
    multipleOf: architecture.multiple,
    sigmaRange: ownScale(sigmaRange, image.range),
    card,
    hash,
  };
}
