import { type Network, rescaled, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import type { LoadedModel } from "../onnx/import/load.ts";
import { type Card, familyOf, lacks } from "./card.ts";
import { onnxNetwork } from "./onnx-network.ts";
import { fixedSize, padded } from "./padding.ts";
import { coordinatesOf, ownScale } from "./preconditioning.ts";
import type { Prior } from "./prior.ts";

/**
 * An ONNX denoiser and its card as a prior.
 * @param hash of the .onnx file; weights kept in files beside it are not in it
 * @throws {TweedieError} invalid-model: card and model disagree; unsupported-op, when it is called
 */
export function onnxPrior(model: LoadedModel, card: Card, hash: string): Prior {
  const { architecture, preconditioning, image } = card;
  const where = `${model.name}, its card`;
  if (architecture.type !== "onnx")
    throw new TweedieError("invalid-model", {
      what: where,
      expected: "the architecture onnx",
      got: architecture.type,
    });
  if (!preconditioning) throw lacks(where, "preconditioning");
  const { network, wholeTime, size = image.size } = onnxNetwork(model, architecture, image.channels);
  const { parametrization, sigmaRange } = coordinatesOf(preconditioning, {
    roundTime: wholeTime || architecture.roundTime,
  });
  const scaled: Network = (u, time) => network(u, time.mul(architecture.timeScale ?? 1));
  const denoise = rescaled(wrapNetwork(scaled, parametrization, sigmaRange), image.range);
  const multiple = architecture.multiple ?? 1;
  return {
    name: card.name,
    denoise: size ? fixedSize(denoise, size, card.name) : padded(denoise, multiple),
    channels: image.channels,
    multipleOf: multiple,
    sigmaRange: ownScale(sigmaRange, image.range),
    card,
    hash,
    settings: familyOf(card),
    ...(size ? { fixedSize: size } : {}),
  };
}
