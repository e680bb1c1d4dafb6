import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TweedieError } from "../errors.ts";
import { type Card, parseCard } from "../priors/card.ts";
import { checkHash, priorFromCard } from "../priors/card-prior.ts";
import { onnxPrior } from "../priors/onnx-prior.ts";
import type { Prior } from "../priors/prior.ts";
import { type FileSource, fileSource, sha256Of } from "./byte-source.ts";
import { isWithin } from "./files.ts";
import { readOnnxFile } from "./onnx-file.ts";

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
async function loadCardPrior(cardFile: string, { signal }: LoadOptions): Promise<Prior> {
  const card = await readCard(cardFile, { signal });
  const folder = dirname(cardFile);
  if (card.architecture.type === "onnx" && card.weights)
    return loadOnnxPrior(await pathBelow(folder, card.weights.file), card, { signal });
  const files: FileSource[] = [];
  const open = async (file: string) => {
    const source = await fileSource(await pathBelow(folder, file));
    files.push(source);
    return source;
  };
  try {
    return await priorFromCard(card, open, { sha256: sha256Of, signal });
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/**
 * An ONNX denoiser and its card as a prior; weights in files beside the model are found.
 * @throws {TweedieError} missing-file, unreadable-file, invalid-model, unsupported-op, aborted
 */
export async function loadOnnxPrior(file: string, card: Card, { signal }: LoadOptions = {}): Promise<Prior> {
  const hash = await reading(file, (source) => sha256Of(source, signal));
  checkHash(hash, card.weights?.sha256, file);
  return onnxPrior(readOnnxFile(file), card, hash);
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
  const bytes = await reading(file, (source) => source.read(0, source.size, signal));
  return parseCard(new TextDecoder().decode(bytes), file);
}

async function reading<T>(path: string, read: (source: FileSource) => Promise<T>): Promise<T> {
  const source = await fileSource(path);
  try {
    return await read(source);
  } finally {
    await source.close();
  }
}

/** @throws {TweedieError} invalid-model: a link leads out of the folder */
async function pathBelow(folder: string, file: string): Promise<string> {
  const path = join(folder, file);
  const [root, real] = await Promise.all([folder, path].map((p) => realpath(p).catch(() => undefined)));
  if (!root || !real || isWithin(root, real)) return path; // a missing file is told by the reader
  throw new TweedieError("invalid-model", { what: path, expected: `a file in the folder ${root}`, got: real });
}
