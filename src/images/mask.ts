import { TweedieError } from "../errors.ts";
import { decodeImage } from "./decode.ts";
import { type Image, luminance } from "./image.ts";

/** Which pixels of a picture are missing, the same for all channels. */
export interface Mask {
  width: number;
  height: number;
  /** Row by row: 1 = missing, 0 = known. */
  missing: Uint8Array;
  /** Number of missing pixels. */
  count: number;
}

/** A mask from its pixels (1 = missing). Throws `size-mismatch` when their number is wrong. */
export function createMask(width: number, height: number, missing: Uint8Array): Mask {
  if (missing.length !== width * height) {
    const expected = `${width}x${height} = ${width * height} pixels`;
    throw new TweedieError("size-mismatch", { what: "mask", expected, got: String(missing.length) });
  }
  return { width, height, missing, count: missing.reduce((sum, value) => sum + (value ? 1 : 0), 0) };
}

/**
 * Reads a mask picture for a picture of the given size. White marks what is missing: a pixel whose luminance is at least
 * one half. Transparent parts count as black, whatever colour hides under them, so that white strokes on a transparent
 * layer work. Throws like `decodeImage`, and `size-mismatch` naming both sizes.
 */
export async function readMask(source: string | Uint8Array, width: number, height: number): Promise<Mask> {
  const name = typeof source === "string" ? source : "mask";
  const image = await decodeImage(source, { name });
  if (image.width !== width || image.height !== height) {
    throw new TweedieError("size-mismatch", {
      what: name,
      expected: `a mask of the picture's size ${width}x${height}`,
      got: `${image.width}x${image.height}`,
    });
  }
  const { alpha } = image;
  const missing = Uint8Array.from(luminance(image), (value, i) => (value * (alpha ? alpha[i] : 1) >= 0.5 ? 1 : 0));
  return createMask(width, height, missing);
}

/** The mask that a picture's own transparency gives: alpha below one half is missing; undefined without alpha. */
export function alphaMask(image: Image): Mask | undefined {
  if (!image.alpha) return undefined;
  return createMask(
    image.width,
    image.height,
    Uint8Array.from(image.alpha, (value) => (value < 0.5 ? 1 : 0)),
  );
}

/** The mask as operators use it, planar for `channels` channels: 1 = known, 0 = missing. */
export function knownWeights(mask: Mask, channels = 1): Float32Array {
  const plane = Float32Array.from(mask.missing, (value) => (value ? 0 : 1));
  const all = new Float32Array(plane.length * channels);
  for (let c = 0; c < channels; c++) all.set(plane, c * plane.length);
  return all;
}

/** The mask as a grey picture: white = missing. */
export function maskImage(mask: Mask): Image {
  const data = Float32Array.from(mask.missing, (value) => (value ? 1 : 0));
  return { width: mask.width, height: mask.height, channels: 1, data, meta: { format: "png", bitDepth: 8 } };
}
