import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { TweedieError } from "../errors.ts";
import { type Card, parseCard } from "./card.ts";

export interface LoadOptions {
  readonly signal?: AbortSignal;
}

/** The sha256 of a model file, which must be the one its card names, if it names one. */
export function checkedHash(bytes: Uint8Array, expected: string | undefined, source: string): string {
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (expected !== undefined && hash !== expected)
    throw new TweedieError("invalid-model", {
      what: source,
      expected: `the sha256 ${expected} of its card`,
      got: hash,
      hint: "the file is damaged or belongs to another card",
    });
  return hash;
}

export async function readCard(file: string, options: LoadOptions = {}): Promise<Card> {
  return parseCard(new TextDecoder().decode(await readModelFile(file, options)), file);
}

/** Reads a file; missing ones and unreadable ones are told apart. */
export async function readModelFile(file: string, { signal }: LoadOptions = {}): Promise<Uint8Array> {
  try {
    return await readFile(file, { signal });
  } catch (cause) {
    if (signal?.aborted) throw new TweedieError("aborted", { message: `reading ${file} was aborted`, cause });
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new TweedieError("missing-file", { message: `${file}: expected a model file, found nothing`, cause });
    throw new TweedieError("unreadable-file", { what: file, expected: "a readable model file", got: code, cause });
  }
}

export function lacks(source: string, field: string): TweedieError {
  return new TweedieError("invalid-model", { what: source, expected: `a card with ${field}`, got: "none" });
}
