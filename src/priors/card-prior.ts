import { dirname, join } from "node:path";
import { loadLatentPrior } from "../latent/latent-prior.ts";
import { type LoadOptions, lacks, readCard, readModelFile } from "./model-files.ts";
import { networkPrior } from "./network-prior.ts";
import { onnxPrior } from "./onnx-prior.ts";
import type { Prior } from "./prior.ts";

/**
 * Loads the model that a card describes; its weights file is found from the card's folder.
 * @param cardFile path of the card
 * @throws missing-file, unreadable-file; invalid-model for a wrong card, damaged weights or weights of another network
 */
export async function loadCardPrior(cardFile: string, options: LoadOptions = {}): Promise<Prior> {
  const card = await readCard(cardFile, options);
  if (card.autoencoder) return loadLatentPrior(card, cardFile, options);
  if (!card.weights) throw lacks(cardFile, "weights");
  const file = join(dirname(cardFile), card.weights.file);
  if (card.architecture.type === "onnx") return onnxPrior(file, card, options);
  return networkPrior(card, await readModelFile(file, options), file);
}
