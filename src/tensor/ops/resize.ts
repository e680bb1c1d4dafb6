import type { Op } from "../op.ts";
import { resizeMatrix } from "../resize-matrix.ts";
import { shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { constant } from "./source.ts";

export type ResizeMode = "nearest" | "linear" | "cubic";
/** How an output position maps to the input axis (names as in ONNX Resize). */
export type CoordinateMode =
  | "half_pixel"
  | "align_corners"
  | "asymmetric"
  | "pytorch_half_pixel"
  | "half_pixel_symmetric";
export type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";

export interface ResizeOptions {
  /** Extents of the last two axes of the result. */
  readonly size: readonly [number, number];
  readonly mode?: ResizeMode;
  readonly coordinates?: CoordinateMode;
  readonly nearest?: NearestMode;
  readonly cubicA?: number;
  /** Widen the kernel when shrinking, so that nothing aliases. */
  readonly antialias?: boolean;
  /** Leave taps outside the picture out instead of repeating the edge there (PyTorch and Pillow do when antialiasing). */
  readonly excludeOutside?: boolean;
  /** Scale factors where they differ from size ratio (ONNX `scales`). */
  readonly scales?: readonly [number, number];
}

export type ResizeAttrs = Required<ResizeOptions>;

/** The interpolation of one axis as a matrix [out, in]: resizing is linear and separable. */
function axisMatrix(attrs: ResizeAttrs, from: number, axis: 0 | 1): Float64Array {
  return resizeMatrix({ ...attrs, from, to: attrs.size[axis], scale: attrs.scales[axis] });
}

export const resizeOp: Op<ResizeAttrs> = {
  name: "resize",
  infer([x], { size }) {
    if (x.rank !== 4) throw shapeError("resize", "an [N, C, H, W] input", show(x.shape));
    if (size.some((s) => !Number.isInteger(s) || s < 1))
      throw shapeError("resize", "a size of whole numbers", show(size));
    return { shape: [x.shape[0], x.shape[1], ...size], dtype: x.dtype };
  },
  evaluate([x], attrs) {
    const [n, c, h, w] = x.shape;
    const [oh, ow] = attrs.size;
    const rows = axisMatrix(attrs, h, 0);
    const columns = axisMatrix(attrs, w, 1);
    const out = new Float64Array(n * c * oh * ow);
    for (let p = 0; p < n * c; p++) {
      const half = new Float64Array(h * ow);
      for (let i = 0; i < h; i++)
        for (let j = 0; j < ow; j++)
          for (let k = 0; k < w; k++) half[i * ow + j] += columns[j * w + k] * x.data[(p * h + i) * w + k];
      for (let i = 0; i < oh; i++)
        for (let k = 0; k < h; k++) {
          const v = rows[i * h + k];
          if (v !== 0) for (let j = 0; j < ow; j++) out[(p * oh + i) * ow + j] += v * half[k * ow + j];
        }
    }
    return out;
  },
  onnx(emit, [x], node) {
    const a = node.attrs as ResizeAttrs;
    const [, , h, w] = node.inputs[0].shape;
    const plain = a.scales[0] === a.size[0] / h && a.scales[1] === a.size[1] / w;
    // ONNX Runtime works positions out in float32: harmless for nearest neighbours at whole factors, and tolerable for
    // the feature maps of networks, where the matrices would cost too much.
    const features = a.mode === "linear" && !a.antialias && !a.excludeOutside && node.shape[1] > 4;
    if (plain && (isBlocks(a, h, w) || features)) {
      const attributes = {
        mode: { s: a.mode },
        coordinate_transformation_mode: { s: a.coordinates },
        ...(a.mode === "nearest" ? { nearest_mode: { s: a.nearest } } : {}),
      };
      return emit.node("Resize", [x, "", "", emit.ints(node.shape)], attributes);
    }
    if (a.mode === "nearest") {
      const pick = (v: string, axis: 0 | 1, n: number) =>
        emit.node("Gather", [v, emit.ints(nearestIndices(axisMatrix(a, n, axis), n))], { axis: { i: 2 + axis } });
      return pick(pick(x, 0, h), 1, w);
    }
    // ONNX Runtime's cubic Resize is two orders of magnitude slower than the same map as two matrix products.
    const rows = emit.constant(axisMatrix(a, h, 0), [a.size[0], h], node.dtype);
    const columns = transposeMatrix(axisMatrix(a, w, 1), a.size[1], w);
    return emit.node("MatMul", [rows, emit.node("MatMul", [x, emit.constant(columns, [w, a.size[1]], node.dtype)])]);
  },
  vjp({ inputs: [x], attrs, gradient }) {
    const [, , h, w] = x.shape;
    const [sy, sx] = [attrs.size[0] / h, attrs.size[1] / w];
    if (isBlocks(attrs, h, w)) return [gradient.averagePool({ kernel: [sy, sx] }).mul(sy * sx)];
    const rows = constant(transposeMatrix(axisMatrix(attrs, h, 0), attrs.size[0], h), [h, attrs.size[0]], x.dtype);
    const columns = constant(axisMatrix(attrs, w, 1), [attrs.size[1], w], x.dtype);
    return [rows.matmul(gradient.matmul(columns))];
  },
};

/** Nearest neighbours that turn each pixel into a block of whole size. */
function isBlocks({ mode, coordinates, nearest, size, scales }: ResizeAttrs, h: number, w: number): boolean {
  const whole = [size[0] / h, size[1] / w].every((s, i) => Number.isInteger(s) && scales[i] === s);
  return mode === "nearest" && coordinates === "asymmetric" && nearest === "floor" && whole;
}

/** The column of the 1 in each row. */
function nearestIndices(matrix: Float64Array, n: number): number[] {
  return Array.from({ length: matrix.length / n }, (_, i) => matrix.subarray(i * n, (i + 1) * n).indexOf(1));
}

function transposeMatrix(m: Float64Array, rows: number, columns: number): Float64Array {
  return m.map((_, i) => m[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Interpolates the last two axes of [N, C, H, W]. The defaults are nearest neighbour by whole pixels (`asymmetric`, `floor`). */
export function resize(x: Tensor, options: ResizeOptions): Tensor {
  const mode = options.mode ?? "nearest";
  const scales = options.scales ?? ([options.size[0] / x.shape[2], options.size[1] / x.shape[3]] as const);
  return apply(resizeOp, [x], {
    size: options.size,
    mode,
    coordinates: options.coordinates ?? (mode === "nearest" ? "asymmetric" : "half_pixel"),
    nearest: options.nearest ?? "floor",
    cubicA: options.cubicA ?? -0.75,
    antialias: options.antialias ?? false,
    excludeOutside: options.excludeOutside ?? false,
    scales,
  });
}
