import { TweedieError } from "../errors.ts";
import { checkDataRange, type Samples } from "./error.ts";

/** Planar samples (channel, row, column) in any precision. */
export interface Planes {
  width: number;
  height: number;
  channels: number;
  data: Samples;
}

export interface SsimOptions {
  /** Distance from black to white: 1 for [0, 1], 2 for [-1, 1], 255 for bytes. */
  dataRange: number;
  /**
   * "gaussian" (default): the window of the paper, 11x11 with standard deviation 1.5, and plain (1/N) covariances.
   * "uniform": 7x7 with sample (1/(N-1)) covariances, the default of scikit-image.
   */
  window?: "gaussian" | "uniform";
}

/** Means over a picture of the structural similarity and of its contrast-structure factor. */
interface Similarity {
  ssim: number;
  contrast: number;
}

const K1 = 0.01;
const K2 = 0.03;

/**
 * Structural similarity, averaged over the windows that lie inside the picture, then over the channels.
 * Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE TIP
 * 2004, equations 13-17. Equal to scikit-image's `structural_similarity` with `gaussian_weights=True, sigma=1.5,
 * use_sample_covariance=False` ("gaussian") or with its defaults ("uniform").
 * Throws `size-mismatch` (different shapes, smaller than the window) and `invalid-option` (data range).
 */
export function ssim(a: Planes, b: Planes, options: SsimOptions): number {
  const { dataRange, window = "gaussian" } = options;
  checkPlanes(a, b, dataRange, windowSize(window));
  let sum = 0;
  for (let c = 0; c < a.channels; c++) sum += similarity(plane(a, c), plane(b, c), a.width, a.height, options).ssim;
  return sum / a.channels;
}

/** Exponents of the five scales, finest first (the paper's table, from human judgements). */
export const msSsimWeights: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * Multi-scale structural similarity: the product over the scales of the mean contrast-structure factor, and at the
 * coarsest of the mean SSIM, each to the power of its weight; per channel, then averaged.
 * Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment", Asilomar 2003, equation 7.
 * Between scales 2x2 blocks are averaged (an odd last row or column is repeated, as in the authors' code); a negative
 * mean counts as zero. Gaussian window only. The shorter side must be at least 11 * 2^(scales - 1) - (2^(scales-1) - 1)
 * pixels: 161 for five scales. Throws like {@link ssim}.
 */
export function msSsim(a: Planes, b: Planes, options: { dataRange: number; weights?: readonly number[] }): number {
  const { dataRange, weights = msSsimWeights } = options;
  const smallest = (windowSize("gaussian") - 1) * 2 ** (weights.length - 1) + 1;
  checkPlanes(a, b, dataRange, smallest);
  let sum = 0;
  for (let c = 0; c < a.channels; c++) {
    let [x, y, width, height] = [plane(a, c), plane(b, c), a.width, a.height];
    let product = 1;
    weights.forEach((weight, scale) => {
      if (scale > 0) {
        x = halve(x, width, height);
        y = halve(y, width, height);
        width = Math.ceil(width / 2);
        height = Math.ceil(height / 2);
      }
      const { ssim, contrast } = similarity(x, y, width, height, { dataRange });
      product *= Math.max(0, scale === weights.length - 1 ? ssim : contrast) ** weight;
    });
    sum += product;
  }
  return sum / a.channels;
}

function similarity(
  x: Float64Array,
  y: Float64Array,
  width: number,
  height: number,
  { dataRange, window = "gaussian" }: SsimOptions,
): Similarity {
  const taps = windowTaps(window);
  const blur = (values: Float64Array): Float64Array => filterValid(values, width, height, taps);
  const product = (p: Float64Array, q: Float64Array): Float64Array => p.map((value, i) => value * q[i]);
  const meanX = blur(x);
  const meanY = blur(y);
  const meanXX = blur(product(x, x));
  const meanYY = blur(product(y, y));
  const meanXY = blur(product(x, y));
  const samples = taps.length ** 2;
  const normalization = window === "uniform" ? samples / (samples - 1) : 1;
  const c1 = (K1 * dataRange) ** 2;
  const c2 = (K2 * dataRange) ** 2;
  let sumSsim = 0;
  let sumContrast = 0;
  for (let i = 0; i < meanX.length; i++) {
    const [mx, my] = [meanX[i], meanY[i]];
    const varianceX = normalization * (meanXX[i] - mx * mx);
    const varianceY = normalization * (meanYY[i] - my * my);
    const covariance = normalization * (meanXY[i] - mx * my);
    const contrast = (2 * covariance + c2) / (varianceX + varianceY + c2);
    sumContrast += contrast;
    sumSsim += ((2 * mx * my + c1) / (mx * mx + my * my + c1)) * contrast;
  }
  return { ssim: sumSsim / meanX.length, contrast: sumContrast / meanX.length };
}

function windowSize(window: "gaussian" | "uniform"): number {
  return window === "gaussian" ? 11 : 7;
}

/** One side of the separable window; sums to one. */
function windowTaps(window: "gaussian" | "uniform"): Float64Array {
  const size = windowSize(window);
  const centre = (size - 1) / 2;
  const taps = new Float64Array(size).map((_, i) =>
    window === "gaussian" ? Math.exp(-((i - centre) ** 2) / (2 * 1.5 ** 2)) : 1,
  );
  const sum = taps.reduce((total, value) => total + value, 0);
  return taps.map((value) => value / sum);
}

/** Separable correlation, only where the window lies inside: (height - k + 1) x (width - k + 1). */
function filterValid(values: Float64Array, width: number, height: number, taps: Float64Array): Float64Array {
  const k = taps.length;
  const outWidth = width - k + 1;
  const outHeight = height - k + 1;
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += taps[t] * values[y * width + x + t];
      rows[y * outWidth + x] = sum;
    }
  const out = new Float64Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++)
    for (let t = 0; t < k; t++)
      for (let x = 0; x < outWidth; x++) out[y * outWidth + x] += taps[t] * rows[(y + t) * outWidth + x];
  return out;
}

function halve(values: Float64Array, width: number, height: number): Float64Array {
  const outWidth = Math.ceil(width / 2);
  const outHeight = Math.ceil(height / 2);
  const out = new Float64Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++) {
      const [top, bottom] = [2 * y * width, Math.min(2 * y + 1, height - 1) * width];
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      const sum = values[top + left] + values[top + right] + values[bottom + left] + values[bottom + right];
      out[y * outWidth + x] = sum / 4;
    }
  return out;
}

function plane(image: Planes, channel: number): Float64Array {
  const n = image.width * image.height;
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = image.data[channel * n + i];
  return values;
}

function checkPlanes(a: Planes, b: Planes, dataRange: number, smallest: number): void {
  checkDataRange(dataRange);
  const shape = (p: Planes): string => `${p.width}x${p.height}x${p.channels}`;
  const complete = [a, b].every((p) => p.data.length === p.width * p.height * p.channels);
  if (shape(a) !== shape(b) || !complete) {
    const got = complete ? `${shape(a)} and ${shape(b)}` : `${a.data.length} and ${b.data.length} samples`;
    throw new TweedieError("size-mismatch", { what: "SSIM", expected: "two complete pictures of one size", got });
  }
  if (Math.min(a.width, a.height) < smallest) {
    const expected = `at least ${smallest}x${smallest} pixels`;
    throw new TweedieError("size-mismatch", { what: "SSIM", expected, got: `${a.width}x${a.height}` });
  }
}
