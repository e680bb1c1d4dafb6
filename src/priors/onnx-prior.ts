import { type Network, rescaled, wrapNetwork } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import type { Card } from "./card.ts";
import { checkedHash, type LoadOptions, lacks, readCard, readModelFile } from "./model-files.ts";
import { onnxNetwork } from "./onnx-network.ts";
import { fixedSize, padded } from "./padding.ts";
import { borderOf, ownScale } from "./preconditioning.ts";
import type { Prior } from "./prior.ts";

/**
 * Loads an ONNX denoiser with the card beside it: `model.card.json`, `model.json` or `card.json` for `model.onnx`.
 * @throws missing-file when there is no card, naming what it must hold
 */
export async function loadOnnxPrior(file: string, options: LoadOptions = {}): Promise<Prior> {
  await readModelFile(file, options); // a missing model is a better message than a missing card
  const stem = file.replace(/\.onnx$/i, "");
  const candidates = [`${stem}.card.json`, `${stem}.json`, file.replace(/[^/\\]*$/, "card.json")];
  for (const candidate of candidates) {
    const card = await readCard(candidate, options).catch((error: unknown) => {
      if (error instanceof TweedieError && error.code === "missing-file") return undefined;
      throw error;
    });
    if (card) return onnxPrior(file, card, options);
  }
  throw new TweedieError("missing-file", {
    message: `${file}: expected a model card in ${candidates[0]}; found none`,
    expected: candidates.join(" or "),
    got: "none",
    hint: "it names the inputs, the prediction type (eps, x0, v), the noise schedule and the value range",
  });
}

/**
 * An ONNX denoiser and its card as a prior. The hash covers the .onnx file, not weights kept in files beside it.
 * @throws invalid-model when card and model disagree; unsupported-op; the errors of reading
 */
export async function onnxPrior(file: string, card: Card, { signal }: LoadOptions = {}): Promise<Prior> {
  const { architecture, preconditioning, image, weights } = card;
  if (architecture.type !== "onnx")
    throw new TweedieError("invalid-model", {
      what: `${file}, its card`,
      expected: "the architecture onnx",
      got: architecture.type,
    });
  if (!preconditioning) throw lacks(`${file}, its card`, "preconditioning");
  const hash = checkedHash(await readModelFile(file, { signal }), weights?.sha256, file);
  const { network, wholeTime, size = image.size } = onnxNetwork(file, architecture, image.channels);
  const { parametrization, sigmaRange } = borderOf(preconditioning, {
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
    ...(size ? { fixedSize: size } : {}),
  };
}
