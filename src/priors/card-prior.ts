import { TweedieError } from "../errors.ts";
import { loadOnnx } from "../onnx/import/load.ts";
import { type ByteSource, bytesSource, openSafetensors } from "../weights/index.ts";
import { type Card, lacks } from "./card.ts";
import { networkPrior } from "./network-prior.ts";
import { onnxPrior } from "./onnx-prior.ts";
import type { Prior } from "./prior.ts";

export interface CardPriorOptions {
  /** Computes the sha256 of a source, in hex. Without it the sums that the card names are not checked. */
  readonly sha256?: (bytes: ByteSource, signal?: AbortSignal) => Promise<string>;
  readonly signal?: AbortSignal;
}

/**
 * The model that a card describes. Only what its networks need is read of its weights.
 * @param open opens a weights file that the card names; the caller closes it
 * @throws {TweedieError} invalid-model: a card without weights, damaged weights or weights of another network; aborted; what
 * `open` throws
 */
export async function priorFromCard(
  card: Card,
  open: (file: string) => Promise<ByteSource>,
  { sha256, signal }: CardPriorOptions = {},
): Promise<Prior> {
  const { architecture, autoencoder, weights } = card;
  const opened = async (entry: typeof weights): Promise<[ByteSource, string]> => {
    if (!entry) throw lacks(card.name, "weights");
    const source = await open(entry.file);
    const hash = (await sha256?.(source, signal)) ?? entry.sha256;
    checkHash(hash, entry.sha256, source.name);
    return [source, hash];
  };
  const [source, hash] = await opened(weights);
  if (architecture.type === "onnx") {
    const bytes = await source.read(0, source.size, signal);
    return onnxPrior(await loadOnnx(bytes, open, source.name), card, hash);
  }
  const denoiser = await openSafetensors(source, signal);
  if (!autoencoder) return networkPrior(card, { denoiser }, hash, signal);
  const [other, otherHash] = await opened(autoencoder.weights);
  const hashes = hash + otherHash;
  return networkPrior(
    card,
    { denoiser, autoencoder: await openSafetensors(other, signal) },
    (await sha256?.(bytesSource(new TextEncoder().encode(hashes)))) ?? hashes,
    signal,
  );
}

/** @throws {TweedieError} invalid-model: the sha256 of a file is not the one that its card names, if it names one */
export function checkHash(hash: string, expected: string | undefined, source: string): void {
  if (expected !== undefined && hash !== expected)
    throw new TweedieError("invalid-model", {
      what: source,
      expected: `the sha256 ${expected} of its card`,
      got: hash,
      hint: "the file is damaged or belongs to another card",
    });
}
