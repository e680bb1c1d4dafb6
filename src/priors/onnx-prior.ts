import { TweedieError } from "../errors.ts";
import type { LoadedModel } from "../onnx/import/load.ts";
import type { Card } from "./card.ts";
import { composePrior } from "./network-prior.ts";
import { onnxNetwork } from "./onnx-network.ts";
import type { Prior } from "./prior.ts";

/**
 * An ONNX denoiser and its card as a prior.
 * @param hash of the .onnx file; weights kept in files beside it are not in it
 * @throws {TweedieError} invalid-model: card and model disagree; unsupported-op, when it is called
 */
export function onnxPrior(model: LoadedModel, card: Card, hash: string): Prior {
  const { architecture, image } = card;
  if (architecture.type !== "onnx")
    throw new TweedieError("invalid-model", {
      what: `${model.name}, its card`,
      expected: "the architecture onnx",
      got: architecture.type,
    });
  const { timeScale = 1, multiple = 1 } = architecture;
  const { network, wholeTime, size = image.size } = onnxNetwork(model, architecture, image.channels);
  const parts = { multiple, size, roundTime: wholeTime || architecture.roundTime };
  return composePrior(card, { ...parts, network: (u, time) => network(u, time.mul(timeScale)) }, hash);
}
