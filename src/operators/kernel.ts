import { TweedieError } from "../errors.ts";
import type { PadMode } from "../tensor/index.ts";
import { padIndices } from "../tensor/ops/index.ts";
import { type Dense, dense } from "./dense.ts";

/**
 * A blur kernel as a point-spread function: a single bright pixel becomes the kernel, its centre at row ⌊height/2⌋ and
 * column ⌊width/2⌋ (the convention of `scipy.ndimage.convolve`). Row-major.
 */
export interface Kernel {
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}

/** What lies outside a picture: the other side, the mirrored inside (edge not repeated), or mid grey. */
export type Edge = "circular" | "reflect" | "zero";

export const padModes: Record<Edge, PadMode> = { circular: "circular", reflect: "reflect", zero: "constant" };

/** Normalised Gaussian taps exp(-k²/2std²), |k| ≤ radius; without a radius it is cut at 4 std as SciPy does. */
export function gaussianTaps(std: number, radius = Math.floor(4 * std + 0.5)): Float64Array {
  const taps = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    i === radius ? 1 : Math.exp(-((i - radius) ** 2) / (2 * std * std)),
  );
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map((v) => v / sum);
}

export function outerKernel(rows: Float64Array, columns: Float64Array): Kernel {
  const { data } = dense(rows.length, columns.length, (i, j) => rows[i] * columns[j]);
  return { height: rows.length, width: columns.length, data };
}

/**
 * Straight motion over `length` pixels at uniform speed, `angle` in degrees counter-clockwise from the horizontal:
 * k(i, j) = (1/L) ∫ tent(x(t) - j) tent(y(t) - i) dt over the path, centred; the picture between pixels is bilinear.
 * The integral is exact (the integrand is a quadratic between the points where the path crosses the grid), and so
 * is the sum 1.
 */
export function motionKernel(length: number, angle: number): Kernel {
  const theta = (angle * Math.PI) / 180;
  // Exact zeros for multiples of 90°, so that such a motion stays on one row or column.
  const snap = (v: number) => (Math.abs(v) < 1e-12 ? 0 : v);
  const [dx, dy] = [snap(Math.cos(theta)), snap(-Math.sin(theta))];
  const half = length / 2;
  const radius = (d: number) => Math.ceil(Math.abs(d) * half - 1e-12);
  const [rx, ry] = [radius(dx), radius(dy)];
  const [width, height] = [2 * rx + 1, 2 * ry + 1];
  const data = new Float64Array(width * height);
  const crossings = (d: number, r: number) =>
    d === 0 ? [] : Array.from({ length: 2 * r + 1 }, (_, k) => (k - r) / d).filter((t) => Math.abs(t) < half);
  const times = [-half, ...crossings(dx, rx), ...crossings(dy, ry), half].sort((a, b) => a - b);
  const splat = (x: number, y: number, weight: number) => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    for (const i of [top, top + 1])
      for (const j of [left, left + 1]) {
        const w = weight * (1 - Math.abs(x - j)) * (1 - Math.abs(y - i));
        if (w > 0 && Math.abs(i) <= ry && Math.abs(j) <= rx) data[(i + ry) * width + j + rx] += w;
      }
  };
  for (let k = 0; k + 1 < times.length; k++) {
    const [middle, step] = [(times[k] + times[k + 1]) / 2, (times[k + 1] - times[k]) / 2];
    for (const s of [-1, 1]) {
      const t = middle + (s * step) / Math.sqrt(3); // two-point Gauss quadrature: exact up to cubics
      splat(t * dx, t * dy, step / length);
    }
  }
  if (length === 0) data[ry * width + rx] = 1;
  return { height, width, data };
}

/** An arbitrary kernel, divided by its sum. Throws `invalid-operator` unless it is finite with a sum above zero. */
export function normalizedKernel(height: number, width: number, values: ArrayLike<number>): Kernel {
  const fail = (expected: string, got: string) => {
    throw new TweedieError("invalid-operator", { what: "blur kernel", expected, got });
  };
  if (values.length !== height * width) fail(`${height}×${width} = ${height * width} values`, `${values.length}`);
  const data = Float64Array.from(values);
  const wrong = data.find((v) => !Number.isFinite(v));
  if (wrong !== undefined) fail("finite values", String(wrong));
  const sum = data.reduce((a, b) => a + b, 0);
  const scale = data.reduce((a, b) => a + Math.abs(b), 0);
  if (!(sum > 1e-9 * scale)) fail("a kernel with a sum above zero", `a sum of ${sum}`);
  return { height, width, data: data.map((v) => v / sum) };
}

/** Column and row factors of a kernel of rank one, else undefined. */
export function factorKernel({
  height,
  width,
  data,
}: Kernel): { rows: Float64Array; columns: Float64Array } | undefined {
  let pivot = 0;
  for (let k = 1; k < data.length; k++) if (Math.abs(data[k]) > Math.abs(data[pivot])) pivot = k;
  const [pi, pj] = [Math.floor(pivot / width), pivot % width];
  const columns = data.slice(pi * width, (pi + 1) * width);
  const rows = Float64Array.from({ length: height }, (_, i) => data[i * width + pj] / data[pivot]);
  const tolerance = 1e-13 * Math.abs(data[pivot]);
  const exact = data.every((v, k) => Math.abs(v - rows[Math.floor(k / width)] * columns[k % width]) <= tolerance);
  if (!exact) return undefined;
  // Shares the scale so that a kernel of sum one has two factors of sum one.
  const sum = rows.reduce((a, b) => a + b, 0);
  return sum === 0 ? { rows, columns } : { rows: rows.map((v) => v / sum), columns: columns.map((v) => v * sum) };
}

/** The blur along one axis of `n` pixels: y[i] = Σ_j taps[j] x[i - (j - ⌊length/2⌋)], with the border folded in. */
export function blurMatrix(n: number, taps: ArrayLike<number>, border: Edge): Dense {
  const centre = Math.floor(taps.length / 2);
  const after = taps.length - 1 - centre;
  const source = padIndices(n, after, centre, padModes[border]);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < taps.length; j++) {
      const from = source[i - (j - centre) + after];
      if (from >= 0) data[i * n + from] += taps[j];
    }
  return { rows: n, columns: n, data };
}

/**
 * An upper bound of ‖A‖₂² for a blur: ‖A‖₁ ‖A‖_∞, the largest sums over the columns and over the rows of |A|. A mirrored
 * border counts the pixels near it more than once.
 */
export function blurNormBound(
  { height: kh, width: kw, data }: Kernel,
  border: Edge,
  height: number,
  width: number,
): number {
  // Sums of |k| over rectangles, from cumulative sums.
  const stride = kw + 1;
  const total = new Float64Array((kh + 1) * stride);
  for (let i = 0; i < kh; i++)
    for (let j = 0; j < kw; j++) {
      const at = (i + 1) * stride + j + 1;
      total[at] = Math.abs(data[i * kw + j]) + total[at - stride] + total[at - 1] - total[at - stride - 1];
    }
  const corner = (i: number, j: number) => total[i * stride + j];
  const largest = (rows: Reach[], columns: Reach[]) => {
    const sums = new Float64Array(height * width);
    for (const r of rows)
      for (const c of columns)
        sums[r.pixel * width + c.pixel] +=
          corner(r.end, c.end) - corner(r.start, c.end) - corner(r.end, c.start) + corner(r.start, c.start);
    return sums.reduce((a, b) => Math.max(a, b), 0);
  };
  const columnSums = largest(seenBy(height, kh, border), seenBy(width, kw, border));
  const rowSums = border === "zero" ? largest(inside(height, kh), inside(width, kw)) : corner(kh, kw);
  return columnSums * rowSums;
}

/** A pixel and a range [start, end) of taps. */
interface Reach {
  readonly pixel: number;
  readonly start: number;
  readonly end: number;
}

/** For each position of the extended axis: the pixel it copies and the taps through which outputs see it. */
function seenBy(n: number, taps: number, border: Edge): Reach[] {
  const after = Math.floor(taps / 2);
  const before = taps - 1 - after;
  return padIndices(n, before, after, padModes[border]).flatMap((pixel, k) => {
    const p = k - before;
    const [start, end] = [Math.max(0, after - p), Math.min(taps, n - p + after)];
    return pixel < 0 || start >= end ? [] : [{ pixel, start, end }];
  });
}

/** For each output the taps that fall inside the picture. */
function inside(n: number, taps: number): Reach[] {
  const centre = Math.floor(taps / 2);
  return Array.from({ length: n }, (_, pixel) => ({
    pixel,
    start: Math.max(0, pixel + centre - n + 1),
    end: Math.min(taps, pixel + centre + 1),
  }));
}
