import { TweedieError } from "../../errors.ts";
import { psnr, ssim } from "../../metrics/index.ts";
import { type Image, toRgb } from "../../pictures/index.ts";
import type { Inputs } from "./inputs.ts";

/** Likeness to a reference. SSIM is absent for pictures smaller than its window. */
export interface MetricValues {
  readonly psnr: number;
  readonly ssim?: number;
}

/** The clean picture of `--reference`, of a given size. @throws {TweedieError} size-mismatch, and as `decodeImage` */
export async function readReference(
  inputs: Inputs,
  size: { width: number; height: number },
): Promise<Image | undefined> {
  if (!inputs.has("reference")) return undefined;
  const reference = await inputs.image("reference");
  if (reference.width === size.width && reference.height === size.height) return reference;
  throw new TweedieError("size-mismatch", {
    what: inputs.path("reference"),
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
