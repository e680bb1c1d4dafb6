import { stat } from "node:fs/promises";
import { join } from "node:path";
import { TweedieError } from "../errors.ts";
import type { Card } from "./card.ts";
import { loadCardPrior } from "./card-prior.ts";
import { embeddedCard, embeddedNames } from "./embedded.ts";
import { type LoadOptions, readCard } from "./model-files.ts";
import { loadOnnxPrior } from "./onnx-prior.ts";
import type { Prior } from "./prior.ts";

export interface ListedPrior {
  readonly name: string;
  readonly card: Card;
  /** Path of the card file. */
  readonly file: string;
}

/** The models that come with the package, with their cards, by name. */
export async function listPriors(options: LoadOptions = {}): Promise<ListedPrior[]> {
  return Promise.all(
    (await embeddedNames()).map(async (name) => {
      const file = embeddedCard(name);
      return { name, file, card: await readCard(file, options) };
    }),
  );
}

/**
 * Loads a prior by what a user may call it: the name of an embedded model ("natural"), an ONNX file with a card beside it
 * (`FILE.onnx` and `FILE.card.json` or `FILE.json`), the folder of an exported model, or its card.
 * @throws missing-file (naming the embedded models), unreadable-file, invalid-model, unsupported-op, aborted
 */
export async function loadPrior(nameOrPath: string, options: LoadOptions = {}): Promise<Prior> {
  const names = await embeddedNames();
  if (names.includes(nameOrPath)) return loadCardPrior(embeddedCard(nameOrPath), options);
  const found = await stat(nameOrPath).catch(() => undefined);
  if (!found)
    throw new TweedieError("missing-file", {
      message: `model ${nameOrPath}: expected ${names.join(" or ")}, or the path of an ONNX file or model folder; found no such file`,
      expected: names.join(", "),
      got: nameOrPath,
    });
  if (found.isDirectory()) return loadCardPrior(join(nameOrPath, "card.json"), options);
  if (nameOrPath.toLowerCase().endsWith(".json")) return loadCardPrior(nameOrPath, options);
  return loadOnnxPrior(nameOrPath, options);
}
