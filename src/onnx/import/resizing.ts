import { type CoordinateMode, constant, type NearestMode, type ResizeMode, type Tensor } from "../../tensor/index.ts";
import { resize } from "../../tensor/ops/index.ts";
import { normalizeAxis, sizeOf } from "../../tensor/shape.ts";
import { affordable, MOST_ELEMENTS, MOST_IN_MATRIX } from "./budget.ts";
import type { Family, OnnxNode } from "./node.ts";

interface Plan {
  /** Extents and scale factors for every axis. */
  readonly size: readonly number[];
  readonly scales: readonly number[];
}

/** Extents and scales from whichever of the two the node gives. */
function planOf(node: OnnxNode, x: Tensor, axes: readonly number[]): Plan {
  const at = node.version >= 11 ? 2 : 1;
  const given =
    node.type === "Upsample" && node.version < 9 ? node.attributes.floats("scales") : optional(node, at, "scales");
  const size = [...x.shape];
  const scales = x.shape.map(() => 1);
  if (given && given.length > 0) {
    axes.forEach((axis, i) => {
      scales[axis] = given[i];
      size[axis] = Math.floor(x.shape[axis] * given[i]);
    });
    return { size, scales };
  }
  const sizes = optional(node, 3, "sizes") ?? [];
  const policy = node.attributes.string("keep_aspect_ratio_policy", "stretch");
  const ratios = axes.map((axis, i) => sizes[i] / x.shape[axis]);
  const common = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  axes.forEach((axis, i) => {
    scales[axis] = policy === "stretch" ? ratios[i] : common;
    size[axis] = policy === "stretch" ? sizes[i] : Math.floor(common * x.shape[axis] + 0.5);
  });
  return { size, scales };
}

function optional(node: OnnxNode, i: number, what: string): number[] | undefined {
  return node.inputs[i] === undefined ? undefined : node.numbers(i, what);
}

/** Resizes any axes: the last two of a picture together, others one at a time (interpolation is separable). */
function resizeNode(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const { attributes } = node;
  const legacy = node.version < 11; // Upsample and the first Resize
  const axes = (attributes.ints("axes") ?? x.shape.map((_, i) => i)).map((a) => normalizeAxis("Resize", a, x.rank));
  const { size, scales } = planOf(node, x, axes);
  affordable(sizeOf(size), MOST_ELEMENTS, "elements of a resized tensor");
  for (const [axis, extent] of size.entries())
    if (extent !== x.shape[axis]) affordable(extent * x.shape[axis], MOST_IN_MATRIX, "weights of a resized axis");
  const named = attributes.string("mode", "nearest");
  const mode = (named === "bilinear" || named === "trilinear" ? "linear" : named) as ResizeMode;
  const transform = legacy ? "asymmetric" : attributes.string("coordinate_transformation_mode", "half_pixel");
  if (transform === "tf_crop_and_resize") return cropAndResize(node, x, axes, size);
  const options = {
    mode,
    coordinates: transform as CoordinateMode,
    nearest: (legacy ? "floor" : attributes.string("nearest_mode", "round_prefer_floor")) as NearestMode,
    cubicA: attributes.float("cubic_coeff_a", -0.75),
    antialias: attributes.flag("antialias"),
    excludeOutside: attributes.flag("exclude_outside"),
  };
  const changes = x.shape.flatMap((d, i) => (size[i] === d && scales[i] === 1 ? [] : [i]));
  if (x.rank === 4 && changes.every((i) => i >= 2))
    return changes.length === 0
      ? x
      : resize(x, { ...options, size: [size[2], size[3]], scales: [scales[2], scales[3]] });
  return changes.reduce((y, axis) => {
    const flat = y.reshape([1, sizeOf(y.shape.slice(0, axis)), y.shape[axis], sizeOf(y.shape.slice(axis + 1))]);
    const done = resize(flat, { ...options, size: [size[axis], flat.shape[3]], scales: [scales[axis], 1] });
    return done.reshape(y.shape.map((d, i) => (i === axis ? size[axis] : d)));
  }, x);
}

/** TensorFlow's crop_and_resize: each axis samples the region [start, end] linearly; outside lies a given value. */
function cropAndResize(node: OnnxNode, x: Tensor, axes: readonly number[], size: readonly number[]): Tensor {
  if (node.attributes.string("mode", "nearest") !== "linear")
    throw node.unsupported("cropping with other than linear interpolation");
  const roi = node.numbers(1, "region of interest");
  const outside = node.attributes.float("extrapolation_value", 0);
  return axes.reduce((y, axis, k) => {
    const [from, to] = [y.shape[axis], size[axis]];
    const [start, end] = [roi[k], roi[k + axes.length]];
    const matrix = new Float64Array(to * from);
    const inside: number[] = [];
    for (let i = 0; i < to; i++) {
      const p =
        to > 1 ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1);
      inside.push(p >= 0 && p <= from - 1 ? 1 : 0);
      if (!inside[i]) continue;
      const low = Math.min(Math.floor(p), from - 1);
      matrix[i * from + low] += 1 - (p - low);
      if (low + 1 < from) matrix[i * from + low + 1] += p - low;
    }
    const last = y.rank - 1;
    const order = y.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
    const moved = y.transpose(order).matmul(constant(matrix, [to, from], y.dtype).transpose());
    const kept = constant(inside, [to], "bool").where(moved, outside);
    return kept.transpose(order);
  }, x);
}

export const resizing: Family = { Resize: resizeNode, Upsample: resizeNode };
