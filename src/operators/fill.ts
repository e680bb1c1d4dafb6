import { TweedieError } from "../errors.ts";
import type { KnownPixels } from "./masks.ts";

/** How missing pixels are guessed: `harmonic` is the smoothest continuation, `nearest` copies the nearest known pixel. */
export type FillMethod = "harmonic" | "nearest";

/**
 * Guesses the missing pixels of a picture from the known ones, which stay as they are: a solver's start for holes, and
 * the classical baseline. A channel without any known pixel becomes mid grey.
 * @param y row-major [C, H, W]
 * @throws size-mismatch unless y is as large as the mask says
 */
export function fillMissing(y: ArrayLike<number>, mask: KnownPixels, method: FillMethod = "harmonic"): Float64Array {
  const { height, width, known } = mask;
  const area = height * width;
  const planes = y.length / area;
  if (!Number.isInteger(planes) || (mask.channels !== 1 && mask.channels !== planes)) {
    const expected = `${mask.channels === 1 ? "planes" : `${mask.channels} planes`} of ${height}×${width} = ${area} values`;
    throw new TweedieError("size-mismatch", { what: "picture to fill", expected, got: String(y.length) });
  }
  const out = Float64Array.from(y);
  const sources = method === "nearest" ? nearestKnown(mask) : undefined;
  for (let c = 0; c * area < out.length; c++) {
    const first = mask.channels === 1 ? 0 : c * area;
    const plane = known.subarray(first, first + area);
    const values = out.subarray(c * area, (c + 1) * area);
    if (!plane.includes(1)) values.fill(0);
    else if (sources) values.set(values.map((_, i) => values[sources[first + i]]));
    else harmonic(values, plane, height, width);
  }
  return out;
}

/** Relaxation sweeps a level; the coarser levels have already spread the values far. */
const sweeps = 24;

/**
 * Solves Laplace's equation in the holes (known pixels fixed, no flux through the picture's border): coarse to fine,
 * each level relaxed from the enlarged solution of the one before (cascadic multigrid).
 */
function harmonic(values: Float64Array, known: Uint8Array, height: number, width: number): void {
  if (!known.includes(0)) return;
  if (height > 1 || width > 1) {
    const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
    const sum = new Float64Array(h * w);
    const count = new Float64Array(h * w);
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        if (!known[i * width + j]) continue;
        sum[(i >> 1) * w + (j >> 1)] += values[i * width + j];
        count[(i >> 1) * w + (j >> 1)]++;
      }
    const coarse = sum.map((s, k) => (count[k] > 0 ? s / count[k] : 0));
    harmonic(
      coarse,
      Uint8Array.from(count, (n) => (n > 0 ? 1 : 0)),
      h,
      w,
    );
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        if (!known[i * width + j]) values[i * width + j] = interpolate(coarse, h, w, i / 2 - 0.25, j / 2 - 0.25);
  }
  const inside = values.filter((_, k) => known[k]);
  const low = inside.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = inside.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  relax(values, known, height, width);
  // A harmonic function has its extremes at its border; over-relaxation may overshoot them by a little.
  for (let k = 0; k < values.length; k++) if (!known[k]) values[k] = Math.min(high, Math.max(low, values[k]));
}

function interpolate(x: Float64Array, h: number, w: number, i: number, j: number): number {
  const [top, left] = [Math.max(0, Math.floor(i)), Math.max(0, Math.floor(j))];
  const [bottom, right] = [Math.min(h - 1, Math.floor(i) + 1), Math.min(w - 1, Math.floor(j) + 1)];
  const [u, v] = [i - Math.floor(i), j - Math.floor(j)];
  const upper = (1 - v) * x[top * w + left] + v * x[top * w + right];
  const lower = (1 - v) * x[bottom * w + left] + v * x[bottom * w + right];
  return (1 - u) * upper + u * lower;
}

/** Successive over-relaxation of the missing pixels towards the mean of their neighbours. */
function relax(values: Float64Array, known: Uint8Array, height: number, width: number): void {
  const missing: number[] = [];
  known.forEach((k, i) => {
    if (!k) missing.push(i);
  });
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const omega = sweep < sweeps - 4 ? 1.6 : 1;
    for (const k of missing) {
      const [i, j] = [Math.floor(k / width), k % width];
      let [sum, count] = [0, 0];
      if (i > 0) [sum, count] = [sum + values[k - width], count + 1];
      if (i < height - 1) [sum, count] = [sum + values[k + width], count + 1];
      if (j > 0) [sum, count] = [sum + values[k - 1], count + 1];
      if (j < width - 1) [sum, count] = [sum + values[k + 1], count + 1];
      values[k] += omega * (sum / Math.max(count, 1) - values[k]);
    }
  }
}

/**
 * For each pixel the index, in its own plane, of the nearest known one (Euclidean): the exact distance transform by lower
 * envelopes of parabolas (Felzenszwalb and Huttenlocher, 2012), columns first, then rows.
 */
function nearestKnown({ channels, height, width, known }: KnownPixels): Int32Array {
  const area = height * width;
  const out = new Int32Array(channels * area);
  for (let c = 0; c < channels; c++) {
    const distance = Float64Array.from({ length: area }, (_, k) =>
      known[c * area + k] ? 0 : Number.POSITIVE_INFINITY,
    );
    const source = Int32Array.from({ length: area }, (_, k) => k);
    for (let j = 0; j < width; j++) envelope(distance, source, height, j, width);
    for (let i = 0; i < height; i++) envelope(distance, source, width, i * width, 1);
    out.set(source, c * area);
  }
  return out;
}

/** One line of the distance transform: squared distances and the pixels they belong to, updated in place. */
function envelope(distance: Float64Array, source: Int32Array, n: number, at: number, step: number): void {
  const heights = Float64Array.from({ length: n }, (_, i) => distance[at + i * step]);
  const owners = Int32Array.from({ length: n }, (_, i) => source[at + i * step]);
  const roots: number[] = [];
  const starts: number[] = []; // from where on each parabola is the lowest
  for (let q = 0; q < n; q++) {
    if (heights[q] === Number.POSITIVE_INFINITY) continue;
    let start = Number.NEGATIVE_INFINITY;
    while (roots.length > 0) {
      const p = roots[roots.length - 1];
      start = (heights[q] + q * q - heights[p] - p * p) / (2 * (q - p));
      if (start > starts[starts.length - 1]) break;
      roots.pop();
      starts.pop();
      start = Number.NEGATIVE_INFINITY;
    }
    roots.push(q);
    starts.push(start);
  }
  for (let i = 0, k = 0; i < n && roots.length > 0; i++) {
    while (k + 1 < roots.length && starts[k + 1] < i) k++;
    distance[at + i * step] = heights[roots[k]] + (i - roots[k]) ** 2;
    source[at + i * step] = owners[roots[k]];
  }
}
