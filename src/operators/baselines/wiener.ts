import { padIndices } from "../../tensor/ops/index.ts";
import type { Edge, Kernel } from "../kernel.ts";

import { type Complex, fastLength, fft2, inverseFft2 } from "./fft.ts";

/** The power of pictures is modelled as a (1 + |f/knee|²)^(-exponent/2), |f| in cycles per pixel. Chosen on set5. */
const knee = 1 / 64;
const exponent = 3;
/** The noise is counted so many times over: a share for the errors of the power model and of the continued border. */
const caution = 5;
/** How often what lies outside the picture is predicted. */
const passes = 4;

/**
 * Wiener deconvolution with known noise. The power model's scale comes from the variance of the measurement. A transform
 * sees a periodic picture, so the measurement is continued beyond its border; since a mirrored measurement is not what
 * the kernel makes of a mirrored picture (unless the kernel is symmetric), the continuation is then predicted from the
 * result, several times.
 * @returns a function of one measurement (row-major [C, H, W]) and the noise's standard deviation
 */
export function wiener(kernel: Kernel, border: Edge, [, channels, height, width]: readonly number[]) {
  const area = height * width;
  return (y: ArrayLike<number>, sigma: number): Float64Array => {
    const rows = continuation(height, kernel.height, border);
    const columns = continuation(width, kernel.width, border);
    const size = [rows.length, columns.length] as const;
    const transfer = transferFunction(kernel, ...size);
    const means = new Float64Array(channels);
    const centred = Array.from({ length: channels }, (_, c) => {
      const plane = Float64Array.from({ length: area }, (_, k) => y[c * area + k]);
      means[c] = plane.reduce((a, b) => a + b, 0) / area;
      return plane.map((v) => v - means[c]);
    });
    const variance = centred.reduce((s, p) => s + p.reduce((a, b) => a + b * b, 0), 0) / (channels * area);
    const filter = wienerFilter(transfer, ...size, sigma * sigma, Math.max(variance - sigma * sigma, 1e-6));
    const repeats = isSymmetric(kernel) || border === "circular" ? 1 : passes;
    const out = new Float64Array(channels * area);
    // The filters are those of real kernels: two channels travel as the real and the imaginary part of one picture.
    for (let c = 0; c < channels; c += 2) {
      const pair = [centred[c], centred[c + 1] ?? new Float64Array(area)];
      let outside: Float64Array[] = pair;
      let result: Float64Array[] = pair;
      for (let k = 0; k < repeats; k++) {
        const continued = pair.map((_, i) => extendPicture(outside[i], rows, columns, height, width));
        if (k > 0) {
          convolve(continued, transfer, size);
          pair.forEach((p, i) => {
            for (let r = 0; r < height; r++) continued[i].set(p.subarray(r * width, (r + 1) * width), r * size[1]);
          });
        }
        convolve(continued, filter, size);
        result = continued.map((p) => cut(p, size[1], height, width));
        outside = result;
      }
      for (const i of c + 1 < channels ? [0, 1] : [0])
        out.set(
          result[i].map((v) => v + means[c + i]),
          (c + i) * area,
        );
    }
    return out;
  };
}

/** Each position of a period of a length that transforms fast as a weighted sum of pixels: the picture itself, then its two ends fading into each other. */
function continuation(n: number, taps: number, border: Edge): [number, number][][] {
  const length = fastLength(n + 4 * Math.max(taps, 8));
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

function extendPicture(
  plane: Float64Array,
  rows: [number, number][][],
  columns: [number, number][][],
  height: number,
  width: number,
): Float64Array {
  const w = columns.length;
  const wide = new Float64Array(height * w);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < w; j++) for (const [q, v] of columns[j]) wide[i * w + j] += v * plane[i * width + q];
  const out = new Float64Array(rows.length * w);
  rows.forEach((parts, i) => {
    for (const [p, v] of parts) for (let j = 0; j < w; j++) out[i * w + j] += v * wide[p * w + j];
  });
  return out;
}

function cut(plane: Float64Array, stride: number, height: number, width: number): Float64Array {
  return Float64Array.from({ length: height * width }, (_, k) => plane[Math.floor(k / width) * stride + (k % width)]);
}

/** Filters a pair of pictures, in place: the spectrum is multiplied by the filter's. */
function convolve(pair: Float64Array[], filter: Complex, [height, width]: readonly [number, number]): void {
  const { re, im } = fft2({ re: pair[0], im: pair[1] }, height, width);
  for (let k = 0; k < re.length; k++) {
    const x = re[k];
    re[k] = x * filter.re[k] - im[k] * filter.im[k];
    im[k] = x * filter.im[k] + im[k] * filter.re[k];
  }
  const result = inverseFft2({ re, im }, height, width);
  pair[0] = result.re;
  pair[1] = result.im;
}

function transferFunction(kernel: Kernel, height: number, width: number): Complex {
  const re = new Float64Array(height * width);
  const wrap = (i: number, n: number) => ((i % n) + n) % n;
  for (let i = 0; i < kernel.height; i++)
    for (let j = 0; j < kernel.width; j++) {
      const row = wrap(i - Math.floor(kernel.height / 2), height);
      re[row * width + wrap(j - Math.floor(kernel.width / 2), width)] += kernel.data[i * kernel.width + j];
    }
  return fft2({ re, im: new Float64Array(re.length) }, height, width);
}

function wienerFilter({ re, im }: Complex, height: number, width: number, noise: number, signal: number): Complex {
  const power = new Float64Array(re.length); // transposed, as spectra are
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const [f, g] = [Math.min(i, height - i) / height, Math.min(j, width - j) / width];
      power[j * height + i] = (1 + (f * f + g * g) / (knee * knee)) ** (-exponent / 2);
    }
  // What the blur lets through of a picture with a = 1; the measurement's variance is a times that.
  const passed = power.reduce((sum, p, k) => sum + p * (re[k] ** 2 + im[k] ** 2), 0) / power.length;
  const scale = power.map(
    (p, k) => 1 / (re[k] ** 2 + im[k] ** 2 + Math.max((caution * noise * passed) / (signal * p), 1e-6)),
  );
  return { re: re.map((v, k) => v * scale[k]), im: im.map((v, k) => -v * scale[k]) };
}

/** Does the kernel stay the same when mirrored left to right and top to bottom? */
function isSymmetric({ height, width, data }: Kernel): boolean {
  if (height % 2 === 0 || width % 2 === 0) return false;
  const same = (a: number, b: number) => Math.abs(a - b) < 1e-12;
  return data.every((v, k) => {
    const [i, j] = [Math.floor(k / width), k % width];
    return same(v, data[i * width + width - 1 - j]) && same(v, data[(height - 1 - i) * width + j]);
  });
}
