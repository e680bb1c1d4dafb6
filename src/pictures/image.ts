import { TweedieError } from "../errors.ts";
import type { ImageFormat } from "./formats.ts";

/** What a picture file carries besides its pixels, so that a result can be written the way its source was. */
export interface ImageMeta {
  /** The container the picture came from. */
  format: ImageFormat;
  /** Bits per sample of the source: what a result in a format of that depth is written with. */
  bitDepth: 8 | 16;
  /** The embedded colour profile, byte for byte. The pixel values are in this profile; they are never converted. */
  icc?: Uint8Array;
  /** EXIF block (TIFF structure, without the "Exif" prefix), its orientation reset to 1 and its thumbnail removed. */
  exif?: Uint8Array;
  /** Resolution in pixels per inch. */
  density?: number;
  /** The EXIF orientation (2..8) that decoding applied to the pixels; absent when there was nothing to turn. */
  appliedOrientation?: number;
  /** Number of pages or frames in the file, when more than one; only the first is read. */
  pages?: number;
}

/**
 * A picture in memory. `data` is planar (channel, row, column): sample (c, y, x) is `data[(c * height + y) * width + x]`,
 * grey (1 channel) or red, green, blue (3 channels), in [0, 1] as stored in the file (no gamma is undone).
 */
export interface Image {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Float32Array;
  /** Opacity per pixel, 0 (transparent) to 1; the colours are not premultiplied by it. */
  alpha?: Float32Array;
  meta: ImageMeta;
}

/** A picture made in memory: 8-bit PNG unless `meta` says otherwise. Throws `size-mismatch` when `data` does not fit. */
export function createImage(
  width: number,
  height: number,
  channels: 1 | 3,
  data: Float32Array = new Float32Array(width * height * channels),
  rest: { alpha?: Float32Array; meta?: Partial<ImageMeta> } = {},
): Image {
  const image: Image = { width, height, channels, data, meta: { format: "png", bitDepth: 8, ...rest.meta } };
  if (rest.alpha) image.alpha = rest.alpha;
  checkImage(image);
  return image;
}

/** Throws `size-mismatch` unless the sizes are positive integers and the arrays have exactly the samples they promise. */
export function checkImage(image: Image): void {
  const { width, height, channels, data, alpha } = image;
  for (const [what, value] of [
    ["image width", width],
    ["image height", height],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) {
      throw new TweedieError("size-mismatch", { what, expected: "a positive integer", got: String(value) });
    }
  }
  if (data.length !== width * height * channels) {
    const expected = `${width}x${height}x${channels} = ${width * height * channels} samples`;
    throw new TweedieError("size-mismatch", { what: "image data", expected, got: String(data.length) });
  }
  if (alpha && alpha.length !== width * height) {
    const expected = `${width}x${height} = ${width * height} samples`;
    throw new TweedieError("size-mismatch", { what: "image alpha", expected, got: String(alpha.length) });
  }
}

/** File range [0, 1] to the networks' range [-1, 1]; planar, a new array. */
export function toModel(image: Pick<Image, "data">): Float32Array {
  const { data } = image;
  const model = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) model[i] = 2 * data[i] - 1;
  return model;
}

/**
 * The networks' range [-1, 1], planar, back to a picture in [0, 1]; values outside are clipped.
 * `like` gives the metadata (and the alpha, when the size is the same). Throws `numerical-failure` on NaN or infinity.
 */
export function fromModel(
  data: Float32Array,
  shape: { width: number; height: number; channels: 1 | 3 },
  like?: Image,
): Image {
  const { width, height, channels } = shape;
  const clipped = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new TweedieError("numerical-failure", { what: "result", expected: "finite values", got: String(data[i]) });
    }
    clipped[i] = Math.min(1, Math.max(0, (data[i] + 1) / 2));
  }
  const sameSize = like !== undefined && like.width === width && like.height === height;
  return createImage(width, height, channels, clipped, {
    alpha: sameSize ? like.alpha : undefined,
    meta: like ? { ...like.meta } : undefined,
  });
}

/** The part of the picture whose top left corner is (left, top). Throws `size-mismatch` when it reaches outside. */
export function crop(image: Image, left: number, top: number, width: number, height: number): Image {
  const integers = [left, top, width, height].every(Number.isInteger);
  const inside = left >= 0 && top >= 0 && left + width <= image.width && top + height <= image.height;
  if (!integers || !inside || width < 1 || height < 1) {
    const expected = `a rectangle inside ${image.width}x${image.height}`;
    throw new TweedieError("size-mismatch", { what: "crop", expected, got: `${width}x${height} at ${left},${top}` });
  }
  const cut = (source: Float32Array, planes: number): Float32Array => {
    const target = new Float32Array(planes * width * height);
    for (let row = 0; row < planes * height; row++) {
      const plane = Math.floor(row / height);
      const from = (plane * image.height + top + (row % height)) * image.width + left;
      target.set(source.subarray(from, from + width), row * width);
    }
    return target;
  };
  return {
    ...image,
    width,
    height,
    data: cut(image.data, image.channels),
    alpha: image.alpha && cut(image.alpha, 1),
    meta: { ...image.meta },
  };
}

/** Luminance by Rec. 601 (0.299, 0.587, 0.114), planar; a grey picture's own values. */
export function luminance(image: Pick<Image, "data" | "channels">): Float32Array {
  const { data, channels } = image;
  if (channels === 1) return data.slice();
  const n = data.length / 3;
  const grey = new Float32Array(n);
  for (let i = 0; i < n; i++) grey[i] = 0.299 * data[i] + 0.587 * data[n + i] + 0.114 * data[2 * n + i];
  return grey;
}

/** The picture in grey (one channel, {@link luminance}); a colour profile that no longer fits is left behind. */
export function toGrey(image: Image): Image {
  if (image.channels === 1) return image;
  const { icc: _, ...meta } = image.meta;
  return { ...image, channels: 1, data: luminance(image), meta };
}

/** The picture in three channels: grey is repeated. */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return image;
  const n = image.data.length;
  const data = new Float32Array(3 * n);
  for (let c = 0; c < 3; c++) data.set(image.data, c * n);
  const { icc: _, ...meta } = image.meta;
  return { ...image, channels: 3, data, meta };
}

/** Whether a picture shows no colour at all: one channel, or three that are equal everywhere. */
export function isGrey(image: Pick<Image, "data" | "channels">): boolean {
  if (image.channels === 1) return true;
  const { data } = image;
  const n = data.length / 3;
  for (let i = 0; i < n; i++) if (data[i] !== data[n + i] || data[i] !== data[2 * n + i]) return false;
  return true;
}
