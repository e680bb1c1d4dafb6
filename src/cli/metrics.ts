import { TweedieError } from "../errors.ts";
import { psnr, ssim } from "../metrics/index.ts";
import { readImage } from "../node/pictures.ts";
import { type Image, toRgb } from "../pictures/index.ts";

/** Likeness to a reference. SSIM is absent for pictures smaller than its window. */
export interface MetricValues {
  readonly psnr: number;
  readonly ssim?: number;
}

/** Reads a clean picture of a given size. @throws TweedieError `size-mismatch`, and like `readImage` */
export async function readReference(path: string, size: { width: number; height: number }): Promise<Image> {
  const reference = await readImage(path);
  if (reference.width === size.width && reference.height === size.height) return reference;
  throw new TweedieError("size-mismatch", {
    what: path,
    expected: `a reference of the result's size ${size.width}x${size.height}`,
    got: `${reference.width}x${reference.height}`,
  });
}

/** Compares what will be in the file (rounded to its levels) with a clean picture of the same size. */
export function compare(image: Image, reference: Image): MetricValues {
  const sameColour = reference.channels === image.channels;
  const [a, b] = sameColour ? [image, reference] : [toRgb(image), toRgb(reference)];
  const levels = 2 ** image.meta.bitDepth - 1;
  const rounded = { ...a, data: a.data.map((v) => Math.round(v * levels) / levels) };
  const values = { psnr: psnr(rounded.data, b.data, 1) };
  return Math.min(a.width, a.height) < 11 ? values : { ...values, ssim: ssim(rounded, b, { dataRange: 1 }) };
}

export function describeMetrics({ psnr: decibels, ssim: similarity }: MetricValues): string {
  const first = `PSNR ${Number.isFinite(decibels) ? `${decibels.toFixed(2)} dB` : "infinite"}`;
  return similarity === undefined ? first : `${first}, SSIM ${similarity.toFixed(4)}`;
}
