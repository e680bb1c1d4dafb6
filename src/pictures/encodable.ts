import { TweedieError } from "../errors.ts";
import { type FormatTraits, formatTraits, type ImageFormat } from "./formats.ts";
import type { Image } from "./image.ts";

export interface EncodeOptions {
  /** Container; see `formatFromPath` for the one a file name asks for. */
  format: ImageFormat;
  /** Default: the picture's own `meta.bitDepth` where the format has it, else 8. */
  bitDepth?: 8 | 16;
  /**
   * 1..100 for JPEG, WebP and AVIF. Without it WebP (and 8-bit AVIF) is lossless, JPEG 95 and 16-bit AVIF (12 bits) 100;
   * colour is subsampled in lossy WebP only, which knows no other way. PNG and TIFF are always lossless.
   */
  quality?: number;
  /** "keep" (default): a picture with transparent pixels in a format without alpha is an error. "drop" writes it opaque. */
  alpha?: "keep" | "drop";
}

/**
 * Throws what {@link encodeImage} would throw for a picture of this kind, without its pixels: to be called before the
 * long computation whose result is to be encoded. Codes: `unsupported-format`, `invalid-option`, `too-large`.
 */
export function checkEncodable(
  image: Pick<Image, "width" | "height"> & { alpha?: Float32Array },
  options: EncodeOptions,
): void {
  const { format, bitDepth, quality } = options;
  const traits: FormatTraits | undefined = formatTraits[format];
  if (traits === undefined) {
    const expected = Object.keys(formatTraits).join(", ");
    throw new TweedieError("unsupported-format", { what: "image format", expected, got: String(format) });
  }
  if (bitDepth !== undefined && !traits.bitDepths.includes(bitDepth)) {
    const expected = `${traits.bitDepths.join(" or ")} bits for ${format.toUpperCase()}`;
    const hint = "use .png or .tiff for 16 bits";
    throw new TweedieError("invalid-option", { what: "bit depth", expected, got: String(bitDepth), hint });
  }
  if (quality !== undefined && !(Number.isInteger(quality) && quality >= 1 && quality <= 100)) {
    throw new TweedieError("invalid-option", { what: "quality", expected: "an integer 1..100", got: String(quality) });
  }
  if (Math.max(image.width, image.height) > traits.maxSide) {
    const expected = `at most ${traits.maxSide} pixels a side for ${format.toUpperCase()}`;
    throw new TweedieError("too-large", { what: "picture", expected, got: `${image.width}x${image.height}` });
  }
  if (!traits.alpha && options.alpha !== "drop" && isTransparent(image.alpha)) {
    const expected = "a format with transparency (.png, .webp, .tiff, .avif) for a picture with transparent pixels";
    throw new TweedieError("unsupported-format", {
      message: `expected ${expected}, got ${format}`,
      expected,
      got: format,
    });
  }
}

function isTransparent(alpha: Float32Array | undefined): boolean {
  return alpha?.some((value) => value < 1) ?? false;
}
