import { constant } from "../tensor/index.ts";
import type { AxisSvd } from "./axis-svd.ts";
import { enlarge } from "./baselines/resample.ts";
import { type Dense, dense } from "./dense.ts";
import type { Operator } from "./operator.ts";
import { type Axis, separable } from "./separable.ts";

export interface SuperResolutionOptions {
  /** Reduction per axis, a whole number of 1 or more. */
  readonly scale: number;
  /** How one small pixel sees the large picture; box average by default. */
  readonly kernel?: DownsamplingKernel;
  /** Pseudo-inverse: singular values of an axis below this count as zero. Default 3e-2 (DDRM) for the bicubic kernels. */
  readonly cutoff?: number;
}

/**
 * - `box`: mean over r×r pixels (DDRM, DDNM, ΠGDM: "average pooling"). Rows are orthogonal, all singular values 1/r.
 * - `bicubic`: cubic a = -1/2 stretched by r, 4r taps, half-sample mirrored border, centred: the Resizer of DPS and DAPS,
 *   MATLAB's `imresize`. For even r it is also the kernel of DDRM, DDNM and RED-diff.
 * - `bicubic-ddrm`: that kernel as DDRM's code places it, half a pixel up and left of the centre when r is odd.
 * - `bicubic-pillow`: taps outside the picture are dropped and the rest normalised (Pillow, torchvision with antialias).
 */
export type DownsamplingKernel = "box" | "bicubic" | "bicubic-ddrm" | "bicubic-pillow";

/**
 * Super-resolution by a whole factor r: y is ⌈H/r⌉ × ⌈W/r⌉. A measurement of h × w is restored to exactly hr × wr; where
 * r does not divide a simulated picture, the last box averages the pixels it has (bicubic: what the border rule gives).
 */
export function superResolution(options: SuperResolutionOptions, domain: readonly number[]): Operator {
  const { scale, kernel = "box", cutoff = kernel === "box" ? 0 : 3e-2 } = options;
  const [, channels, height, width] = domain;
  const axis = (n: number): Axis =>
    kernel === "box" ? boxAxis(n, scale) : { matrix: bicubicMatrix(n, scale, kernel) };
  const rows = axis(height);
  const columns = width === height ? rows : axis(width);
  const range = [channels, rows.matrix.rows, columns.matrix.rows] as const;
  return separable({
    name: "super-resolution",
    channels,
    rows,
    columns,
    cutoff,
    gram: kernel === "box" ? boxGram(height, width, scale) : undefined,
    spec: { name: "super-resolution", scale, kernel, cutoff },
    estimate: (y) => enlarge(y, range, height, width, scale),
  });
}

/** The boxes along an axis: [first pixel, number of pixels]. */
function boxes(n: number, r: number): [number, number][] {
  return Array.from({ length: Math.ceil(n / r) }, (_, i) => [i * r, Math.min(r, n - i * r)]);
}

function boxAxis(n: number, r: number): Axis {
  const list = boxes(n, r);
  const inside = (i: number, j: number) => j >= list[i][0] && j < list[i][0] + list[i][1];
  return {
    matrix: dense(list.length, n, (i, j) => (inside(i, j) ? 1 / list[i][1] : 0)),
    svd: () => boxSvd(n, list),
  };
}

/** Each box has one direction that is seen (its mean, singular value 1/√size); a DCT completes its basis. */
function boxSvd(n: number, list: [number, number][]): AxisSvd {
  const v = dense(n, n, () => 0);
  const u = dense(list.length, n, () => 0);
  const values = new Float64Array(n);
  list.forEach(([first, size], box) => {
    values[first] = 1 / Math.sqrt(size);
    u.data[box * n + first] = 1;
    for (let i = 0; i < size; i++)
      for (let k = 0; k < size; k++)
        v.data[(first + i) * n + first + k] =
          Math.sqrt((k === 0 ? 1 : 2) / size) * Math.cos((Math.PI * (i + 0.5) * k) / size);
  });
  return { u, values, v };
}

function boxGram(height: number, width: number, r: number) {
  const [rows, columns] = [boxes(height, r), boxes(width, r)];
  const { data } = dense(rows.length, columns.length, (i, j) => 1 / (rows[i][1] * columns[j][1]));
  return constant(data, [1, 1, rows.length, columns.length], "float32");
}

/** Keys' cubic with a = -1/2. */
function cubic(t: number): number {
  const x = Math.abs(t);
  if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Antialiased bicubic reduction of an axis: one row per small pixel, each of sum one. */
export function bicubicMatrix(n: number, r: number, kernel: Exclude<DownsamplingKernel, "box">): Dense {
  const m = Math.ceil(n / r);
  const data = new Float64Array(m * n);
  const mirror = (j: number) => {
    const k = ((j % (2 * n)) + 2 * n) % (2 * n);
    return k < n ? k : 2 * n - 1 - k;
  };
  for (let i = 0; i < m; i++) {
    // DDRM centres its 4r taps between pixels ⌊r/2⌋ - 1 and ⌊r/2⌋ of the block.
    const centre = i * r + (kernel === "bicubic-ddrm" ? Math.floor(r / 2) - 0.5 : (r - 1) / 2);
    const taps: [number, number][] = [];
    for (let j = Math.ceil(centre - 2 * r); j <= centre + 2 * r; j++) {
      const inside = j >= 0 && j < n;
      if (inside || kernel !== "bicubic-pillow") taps.push([mirror(j), cubic((j - centre) / r)]);
    }
    const sum = taps.reduce((s, [, w]) => s + w, 0);
    for (const [j, w] of taps) data[i * n + j] += w / sum;
  }
  return { rows: m, columns: n, data };
}
