import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TweedieError } from "../errors.ts";
import { type Card, parseCard } from "../priors/card.ts";
import { priorFromCard } from "../priors/card-prior.ts";
import type { Prior } from "../priors/prior.ts";
import { type FileSource, fileSource, sha256Of } from "./byte-source.ts";
import { isWithin, readError, readText } from "./files.ts";

export interface LoadOptions {
  readonly signal?: AbortSignal;
}

export interface ListedPrior {
  readonly name: string;
  readonly card: Card;
  /** Path of the card file. */
  readonly file: string;
}

/** The folder of the models that come with the package; it lies at the same place above src/node and dist/node. */
const modelsFolder = fileURLToPath(new URL("../../models/", import.meta.url));

const embeddedCard = (name: string) => join(modelsFolder, name, "card.json");

async function embeddedNames(): Promise<string[]> {
  const entries = await readdir(modelsFolder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new TweedieError("missing-file", { what: modelsFolder, expected: "the embedded models", got: "none", cause });
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
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
 * @throws {TweedieError} missing-file (naming the embedded models), unreadable-file, invalid-model, unsupported-op, aborted
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
  return loadOnnxPrior(nameOrPath, await cardBeside(nameOrPath, options), options);
}

/** The model that a card file describes; its weights lie in the card's folder. */
async function loadCardPrior(cardFile: string, options: LoadOptions): Promise<Prior> {
  return priorFromFolder(await readCard(cardFile, options), dirname(cardFile), options);
}

/**
 * An ONNX denoiser and its card as a prior. Weights that the model keeps in files beside it are found; its hash is that of
 * `file` alone.
 * @throws {TweedieError} missing-file, unreadable-file, invalid-model, unsupported-op, aborted
 */
export async function loadOnnxPrior(file: string, card: Card, options: LoadOptions = {}): Promise<Prior> {
  const sha256 = card.weights?.sha256 ?? (await hashOf(file, options));
  return priorFromFolder(
    { ...card, weights: { ...card.weights, file: basename(file), sha256 } },
    dirname(file),
    options,
  );
}

async function hashOf(file: string, { signal }: LoadOptions): Promise<string> {
  const source = await fileSource(file);
  return sha256Of(source, signal).finally(() => source.close());
}

async function priorFromFolder(card: Card, folder: string, { signal }: LoadOptions): Promise<Prior> {
  const files = new Map<string, Promise<FileSource>>();
  const open = (file: string) => {
    const source = files.get(file) ?? pathBelow(folder, file).then((path) => fileSource(path));
    files.set(file, source);
    return source;
  };
  try {
    return await priorFromCard(card, open, { sha256: sha256Of, signal });
  } finally {
    await Promise.allSettled([...files.values()].map(async (source) => (await source).close()));
  }
}

/** The card of `model.onnx`: `model.card.json`, `model.json` or `card.json` in its folder. */
async function cardBeside(file: string, options: LoadOptions): Promise<Card> {
  const stem = file.replace(/\.onnx$/i, "");
  const candidates = [`${stem}.card.json`, `${stem}.json`, file.replace(/[^/\\]*$/, "card.json")];
  for (const candidate of candidates) {
    const card = await readCard(candidate, options).catch((error: unknown) => {
      if (error instanceof TweedieError && error.code === "missing-file") return undefined;
      throw error;
    });
    if (card) return card;
  }
  throw new TweedieError("missing-file", {
    message: `${file}: expected a model card in ${candidates[0]}; found none`,
    expected: candidates.join(" or "),
    got: "none",
    hint: "it names the inputs, the prediction type (eps, x0, v), the noise schedule and the value range",
  });
}

async function readCard(file: string, { signal }: LoadOptions): Promise<Card> {
  return parseCard(await readText(file, "model card", signal), file);
}

/** @throws {TweedieError} invalid-model: a link leads out of the folder */
async function pathBelow(folder: string, file: string): Promise<string> {
  const path = join(folder, file);
  const [root, real] = await Promise.all([realpath(folder), realpath(path)]).catch((cause: unknown) => {
    throw readError(path, "model file", cause);
  });
  if (isWithin(root, real)) return path;
  throw new TweedieError("invalid-model", { what: path, expected: `a file in the folder ${root}`, got: real });
}
