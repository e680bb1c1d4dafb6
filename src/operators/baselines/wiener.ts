import { padIndices } from "../../tensor/index.ts";
import type { Border, Kernel } from "../kernel.ts";
import { fft2, powerOfTwo } from "./fft.ts";

/**
 * Wiener deconvolution with known noise. The picture's power is modelled as a/(1 + |f|²·c): natural pictures fall off
 * with the square of the frequency; `a` is fitted to the variance of the measurement.
 * @returns a function of one measurement (row-major [C, H, W]) and the noise's standard deviation
 */
export function wiener(kernel: Kernel, border: Border, [, channels, height, width]: readonly number[]) {
  const rows = periodic(height, kernel.height, border);
  const columns = periodic(width, kernel.width, border);
  const [ph, pw] = [rows.length, columns.length];
  return (y: ArrayLike<number>, sigma: number): Float64Array => {
    const filter = wienerFilter(kernel, ph, pw);
    const out = new Float64Array(channels * height * width);
    for (let c = 0; c < channels; c++) {
      const plane = Float64Array.from({ length: height * width }, (_, k) => y[c * height * width + k]);
      const mean = plane.reduce((a, b) => a + b, 0) / plane.length;
      const variance = plane.reduce((a, b) => a + (b - mean) ** 2, 0) / plane.length;
      const re = new Float64Array(ph * pw);
      const im = new Float64Array(ph * pw);
      for (let i = 0; i < ph; i++)
        for (let j = 0; j < pw; j++)
          for (const [p, u] of rows[i])
            for (const [q, v] of columns[j]) re[i * pw + j] += u * v * (plane[p * width + q] - mean);
      fft2(re, im, ph, pw);
      filter(re, im, sigma * sigma, Math.max(variance - sigma * sigma, 1e-6));
      fft2(re, im, ph, pw, true);
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) out[(c * height + i) * width + j] = mean + re[i * pw + j] / (ph * pw);
    }
    return out;
  };
}

/**
 * An axis continued to a period of a power of two: beyond the picture, the continuations of its two ends fade into each
 * other, so that the period has no seam. Each position is a weighted sum of pixels.
 */
function periodic(n: number, taps: number, border: Border): [number, number][][] {
  const length = powerOfTwo(n + 2 * Math.max(taps, 8));
  const gap = length - n;
  const source = padIndices(n, gap, gap, border === "circular" ? "circular" : "reflect");
  return Array.from({ length }, (_, p): [number, number][] => {
    if (p < n) return [[p, 1]];
    const t = (p - n + 1) / (gap + 1);
    return [
      [source[p + gap], 1 - t],
      [source[p - length + gap], t],
    ];
  });
}

/** Smoothness scale of the power model, in cycles per pixel: below it the spectrum is flat. */
const knee = 1 / 64;

function wienerFilter({ height: kh, width: kw, data }: Kernel, ph: number, pw: number) {
  const [hr, hi] = [new Float64Array(ph * pw), new Float64Array(ph * pw)];
  const wrap = (i: number, n: number) => ((i % n) + n) % n;
  for (let i = 0; i < kh; i++)
    for (let j = 0; j < kw; j++)
      hr[wrap(i - Math.floor(kh / 2), ph) * pw + wrap(j - Math.floor(kw / 2), pw)] += data[i * kw + j];
  fft2(hr, hi, ph, pw);
  const power = new Float64Array(ph * pw);
  for (let i = 0; i < ph; i++)
    for (let j = 0; j < pw; j++) {
      const [f, g] = [Math.min(i, ph - i) / ph, Math.min(j, pw - j) / pw];
      power[i * pw + j] = 1 / (1 + (f * f + g * g) / (knee * knee));
    }
  // What the blur lets through of a picture of unit variance: the variance of y in units of a.
  const passed = power.reduce((a, p, k) => a + p * (hr[k] ** 2 + hi[k] ** 2), 0) / power.length;
  return (re: Float64Array, im: Float64Array, noise: number, signal: number): void => {
    for (let k = 0; k < re.length; k++) {
      const ratio = Math.max((noise * passed) / (signal * power[k]), 1e-6);
      const scale = 1 / (hr[k] ** 2 + hi[k] ** 2 + ratio);
      const [x, y] = [re[k], im[k]];
      re[k] = scale * (x * hr[k] + y * hi[k]);
      im[k] = scale * (y * hr[k] - x * hi[k]);
    }
  };
}
