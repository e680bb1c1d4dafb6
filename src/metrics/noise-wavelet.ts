import type { Planes } from "./ssim.ts";

/** Median of |z| for a standard normal z. */
const NORMAL_MAD = 0.6744897501960817;

/**
 * Donoho, Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994: the median absolute diagonal
 * detail coefficient of the finest Haar level, over 0.6745; the channels' squares averaged. Undefined without a block of
 * 2x2 known pixels.
 */
export function estimateFromWavelet({ width, height, channels, data }: Planes, known?: Uint8Array): number | undefined {
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    const details: number[] = [];
    for (let y = 0; y + 1 < height; y += 2)
      for (let x = 0; x + 1 < width; x += 2) {
        const i = y * width + x;
        if (known && !(known[i] && known[i + 1] && known[i + width] && known[i + width + 1])) continue;
        const j = c * width * height + i;
        details.push(Math.abs(data[j] - data[j + 1] - data[j + width] + data[j + width + 1]) / 2);
      }
    if (details.length === 0) return undefined;
    sum += (median(Float64Array.from(details)) / NORMAL_MAD) ** 2;
  }
  return Math.sqrt(sum / channels);
}

/** Sorts in place. */
export function median(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}
