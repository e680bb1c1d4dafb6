import type { Metadata } from "sharp";
import { TweedieError } from "../../errors.ts";
import { type ImageFormat, sniff } from "../../pictures/formats.ts";
import { type Image, type ImageMeta, isGrey } from "../../pictures/image.ts";
import { availableMemory } from "../memory.ts";
import { normalizeExif } from "./exif.ts";

export interface DecodeOptions {
  /** Largest number of pixels accepted, checked against the header before any pixel is decoded. Default 10⁸. */
  maxPixels?: number | undefined;
  /** For messages. */
  name?: string;
}

/** Ten thousand pixels along each side; a file of 30 kB can hold more than any machine can. */
export const MAX_PIXELS = 1e8;

const READABLE = "a PNG, JPEG, WebP, TIFF or AVIF picture";

/**
 * The picture in the bytes of a file.
 *
 * Samples keep the values of the file, scaled to [0, 1]: 8- and 16-bit integers exactly, 1/2/4-bit and palette pictures
 * expanded, grey as one channel. The embedded colour profile is not applied but handed on in `meta.icc`, to be attached
 * to the result: no rounding through another colour space. CMYK and Lab have no such reading and are converted to sRGB.
 * EXIF orientation is applied to the pixels. Of a file with several pages or frames the first is read.
 *
 * @throws {TweedieError} unreadable-image: empty, truncated, corrupt or not a picture; unsupported-format: another kind of
 * picture, floating-point samples; too-large
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  const name = options.name ?? "picture";
  const format = identify(bytes, name);
  const input = { failOn: "error", ignoreIcc: true, limitInputPixels: false, autoOrient: true } as const;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const corrupt = (cause: unknown): TweedieError =>
    new TweedieError("unreadable-image", {
      what: name,
      expected: `a complete ${format.toUpperCase()} file`,
      got: `${bytes.length} bytes that are truncated or damaged (${firstLine(cause)})`,
      cause,
    });

  const { default: sharp } = await import("sharp");
  let header: Metadata;
  try {
    header = await sharp(buffer, input).metadata();
  } catch (error) {
    throw corrupt(error);
  }
  checkHeader(header, name, options.maxPixels ?? MAX_PIXELS);

  const bitDepth = header.depth === "ushort" ? 16 : 8;
  const fromOtherSpace = header.space === "cmyk" || header.space === "lab" || header.space === "labs";
  const grey = header.channels < 3;
  let pixels: Buffer;
  let bands: number;
  try {
    const space = bitDepth === 8 ? "srgb" : grey ? "grey16" : "rgb16";
    // For other spaces the profile is what gives the numbers a meaning, so there it is applied.
    const decoder = sharp(buffer, { ...input, ignoreIcc: !fromOtherSpace }).toColourspace(space);
    const raw = await decoder
      .raw({ depth: bitDepth === 16 ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    pixels = raw.data;
    bands = raw.info.channels;
    header = { ...header, width: raw.info.width, height: raw.info.height };
  } catch (error) {
    throw corrupt(error);
  }
  const samples = bitDepth === 16 ? new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.length / 2) : pixels;
  const image = planar(samples, header, bands, grey, sampleScale(header, format), {
    ...readMeta(header, format, bitDepth),
    ...(fromOtherSpace ? { icc: undefined } : {}),
  });
  // WebP and AVIF have no grey pictures for the decoder: one that shows no colour was grey.
  if (image.channels === 3 && (format === "webp" || format === "avif") && isGrey(image)) {
    return { ...image, channels: 1, data: image.data.slice(0, image.width * image.height) };
  }
  return image;
}

function identify(bytes: Uint8Array, name: string): ImageFormat {
  if (bytes.length === 0) {
    throw new TweedieError("unreadable-image", { what: name, expected: READABLE, got: "an empty file" });
  }
  const found = sniff(bytes);
  if (found?.format) return found.format;
  const isOtherPicture = found !== undefined && /picture|drawing|icon|document|media/.test(found.description);
  throw new TweedieError(isOtherPicture ? "unsupported-format" : "unreadable-image", {
    what: name,
    expected: READABLE,
    got: found?.description ?? `${bytes.length} bytes of an unknown kind`,
  });
}

function checkHeader(header: Metadata, name: string, maxPixels: number): void {
  if (header.width * header.height > maxPixels) {
    throw new TweedieError("too-large", {
      what: name,
      expected: `at most ${maxPixels} pixels`,
      got: `${header.width}x${header.height} = ${header.width * header.height}`,
      hint: "--max-pixels (maxPixels) allows more",
    });
  }
  // Decoded samples and their floats are in memory together.
  const bands = header.channels + (header.hasAlpha ? 0 : 1);
  const wanted = header.width * header.height * bands * (4 + (header.depth === "uchar" ? 1 : 2));
  const free = availableMemory();
  if (wanted > free) {
    const size = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    throw new TweedieError("too-large", {
      what: name,
      expected: `a picture that fits into the ${size(free)} of memory that are free`,
      got: `${header.width}x${header.height}, which needs ${size(wanted)}`,
    });
  }
  if (header.depth !== "uchar" && header.depth !== "ushort") {
    throw new TweedieError("unsupported-format", {
      what: name,
      expected: "8- or 16-bit integer samples",
      got: `${header.depth} samples`,
      hint: "save its numbers as .npy (numpy.save) and say with --range what is black and white",
    });
  }
}

/** What one sample is divided by: AVIF's 10 and 12 bits come shifted up, so that their white is not quite 65535. */
function sampleScale(header: Metadata, format: ImageFormat): number {
  if (header.depth === "uchar") return 255;
  const bits = header.bitsPerSample ?? 16;
  return format === "avif" && bits < 16 ? (2 ** bits - 1) * 2 ** (16 - bits) : 65535;
}

function planar(
  samples: Uint8Array | Uint16Array,
  size: { width: number; height: number },
  bands: number,
  grey: boolean,
  scale: number,
  meta: ImageMeta,
): Image {
  const { width, height } = size;
  const n = width * height;
  const channels = grey ? 1 : 3;
  const hasAlpha = bands === 2 || bands === 4;
  const take = (band: number, target: Float32Array, offset: number): void => {
    for (let i = 0, j = band; i < n; i++, j += bands) target[offset + i] = samples[j] / scale;
  };
  const data = new Float32Array(n * channels);
  for (let c = 0; c < channels; c++) take(c, data, c * n);
  const image: Image = { width, height, channels, data, meta };
  if (hasAlpha) {
    image.alpha = new Float32Array(n);
    take(bands - 1, image.alpha, 0);
  }
  return image;
}

function readMeta(header: Metadata, format: ImageFormat, bitDepth: 8 | 16): ImageMeta {
  const meta: ImageMeta = { format, bitDepth };
  if (header.icc) meta.icc = Uint8Array.from(header.icc);
  const exif = header.exif && normalizeExif(header.exif);
  if (exif) meta.exif = exif;
  if (header.density !== undefined && header.density > 0) meta.density = header.density;
  if (header.orientation !== undefined && header.orientation > 1) meta.appliedOrientation = header.orientation;
  if (header.pages !== undefined && header.pages > 1) meta.pages = header.pages;
  return meta;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n")[0];
}
