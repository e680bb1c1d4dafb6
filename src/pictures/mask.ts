import { TweedieError } from "../errors.ts";
import { type Image, luminance } from "./image.ts";

/** Which pixels of a picture are known, the same for all channels. Mask files say the opposite: white is missing. */
export interface Mask {
  width: number;
  height: number;
  /** Row by row: 1 = known, 0 = missing. */
  known: Uint8Array;
  /** Number of missing pixels. */
  missing: number;
}

/** A mask from its pixels (1 = known). @throws {TweedieError} size-mismatch: their number is wrong */
export function createMask(width: number, height: number, known: Uint8Array): Mask {
  if (known.length !== width * height) {
    const expected = `${width}x${height} = ${width * height} pixels`;
    throw new TweedieError("size-mismatch", { what: "mask", expected, got: String(known.length) });
  }
  return { width, height, known, missing: known.reduce((sum, value) => sum + (value ? 0 : 1), 0) };
}

/**
 * The mask that a picture shows, for pictures of the given size. White marks what is missing: a pixel whose luminance is
 * at least one half. Transparent parts count as black, whatever colour hides under them, so that white strokes on a
 * transparent layer work.
 * @param name for messages
 * @throws {TweedieError} size-mismatch: the mask has another size
 */
export function maskFromImage(image: Image, width: number, height: number, name = "mask"): Mask {
  if (image.width !== width || image.height !== height) {
    throw new TweedieError("size-mismatch", {
      what: name,
      expected: `a mask of the picture's size ${width}x${height}`,
      got: `${image.width}x${image.height}`,
    });
  }
  const { alpha } = image;
  return createMask(
    width,
    height,
    Uint8Array.from(luminance(image), (value, i) => (value * (alpha ? alpha[i] : 1) >= 0.5 ? 0 : 1)),
  );
}

/** The mask that a picture's own transparency gives: alpha below one half is missing; undefined without alpha. */
export function alphaMask(image: Image): Mask | undefined {
  if (!image.alpha) return undefined;
  return createMask(
    image.width,
    image.height,
    Uint8Array.from(image.alpha, (value) => (value < 0.5 ? 0 : 1)),
  );
}

/** The mask as a grey picture, as files have it: white = missing. */
export function maskImage(mask: Mask): Image {
  const data = Float32Array.from(mask.known, (value) => (value ? 0 : 1));
  return { width: mask.width, height: mask.height, channels: 1, data, meta: { format: "png", bitDepth: 8 } };
}
