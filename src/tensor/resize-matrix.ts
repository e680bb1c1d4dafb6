import { roundEven } from "./dtype.ts";
import type { CoordinateMode, NearestMode, ResizeMode } from "./ops/resize.ts";

export interface AxisResize {
  readonly from: number;
  readonly to: number;
  /** Output per input extent; may differ from to/from where ONNX gives scales. */
  readonly scale: number;
  readonly mode: ResizeMode;
  readonly coordinates: CoordinateMode;
  readonly nearest: NearestMode;
  readonly cubicA: number;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
}

function sourcePosition(i: number, { from, to, scale, coordinates }: AxisResize): number {
  switch (coordinates) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "align_corners":
      return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
    case "asymmetric":
      return i / scale;
    case "pytorch_half_pixel":
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "half_pixel_symmetric": {
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
  }
}

function nearestIndex(x: number, mode: NearestMode): number {
  if (mode === "floor") return Math.floor(x);
  if (mode === "ceil") return Math.ceil(x);
  if (x - Math.floor(x) === 0.5) return mode === "round_prefer_floor" ? Math.floor(x) : Math.ceil(x);
  return roundEven(x);
}

function kernelOf({ mode, cubicA: a }: AxisResize): { support: number; weight: (t: number) => number } {
  if (mode === "linear") return { support: 1, weight: (t) => Math.max(0, 1 - Math.abs(t)) };
  // Keys (1981), "Cubic convolution interpolation for digital image processing"
  const weight = (t: number) => {
    const x = Math.abs(t);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  return { support: 2, weight };
}

/** The interpolation of one axis as a dense matrix [to, from], row-major. Positions outside repeat the edge entry. */
export function resizeMatrix(options: AxisResize): Float64Array {
  const { from, to, scale, antialias, excludeOutside } = options;
  const out = new Float64Array(to * from);
  const clamp = (k: number) => Math.min(Math.max(k, 0), from - 1);
  for (let i = 0; i < to; i++) {
    const x = sourcePosition(i, options);
    if (options.mode === "nearest") {
      out[i * from + clamp(nearestIndex(x, options.nearest))] = 1;
      continue;
    }
    const { support, weight } = kernelOf(options);
    const stretch = antialias && scale < 1 ? 1 / scale : 1;
    const taps: [number, number][] = [];
    for (let k = Math.ceil(x - support * stretch); k <= Math.floor(x + support * stretch); k++) {
      const w = weight((x - k) / stretch);
      if (w !== 0 && !(excludeOutside && (k < 0 || k >= from))) taps.push([clamp(k), w]);
    }
    const total = taps.reduce((s, [, w]) => s + w, 0);
    for (const [k, w] of taps) out[i * from + k] += w / total;
  }
  return out;
}
