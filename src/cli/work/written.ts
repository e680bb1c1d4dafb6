import { decodeImage, encodeImage } from "../../node/codecs/index.ts";
import { alphaMask, formatTraits, type Image } from "../../pictures/index.ts";
import type { Restoration } from "../../restore/index.ts";
import { isArrayFile, outputFormat } from "../outputs.ts";

/** The picture that a file of this name will hold, where its format changes it; undefined where it does not. */
export async function asWritten(image: Image, output: string): Promise<Image | undefined> {
  if (isArrayFile(output)) return undefined;
  const format = outputFormat(output);
  const coarser = !formatTraits[format].bitDepths.includes(image.meta.bitDepth);
  if (format !== "jpeg" && !coarser && !(format === "avif" && image.meta.bitDepth === 16)) return undefined;
  return decodeImage(await encodeImage(image, { format }), { name: output, maxPixels: Number.POSITIVE_INFINITY });
}

/** What a file format changes of the known pixels of an inpainting. */
export interface KnownChanges {
  /** Part of the known samples that differ, and by how much at most, 0..1 scale. */
  readonly share: number;
  readonly most: number;
}

/** Compares the known pixels of what came with those of the file; undefined where all are as they were. */
export function changesOfKnown(source: Image, written: Image, { run }: Restoration): KnownChanges | undefined {
  const { task } = run;
  if (task.name !== "inpaint" || source.channels !== written.channels) return undefined;
  const known = task.mask && "known" in task.mask ? (task.mask.known as Uint8Array) : alphaMask(source)?.known;
  if (!known) return undefined;
  let [count, changed, most] = [0, 0, 0];
  for (let i = 0; i < source.data.length; i++) {
    if (!known[i % known.length]) continue;
    const difference = Math.abs(source.data[i] - written.data[i]);
    count++;
    if (difference > 1e-6) changed++;
    most = Math.max(most, difference);
  }
  return changed > 0 ? { share: changed / count, most } : undefined;
}
