import { argMax, constant, type Tensor } from "../../tensor/index.ts";
import { logSumExp } from "../../tensor/ops/index.ts";
import { normalizeAxes } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";
import { computeType } from "./types.ts";

type Reduce = (x: Tensor, axes: readonly number[], keepDims: boolean) => Tensor;

/** Axes of a reduction: an attribute, an input from the version on that moved them, or all. */
function axesOf(node: OnnxNode, x: Tensor, inputSince: number): number[] {
  const given = node.version >= inputSince ? node.optionalNumbers(1, "axes") : node.attributes.ints("axes");
  if (given && given.length > 0) return normalizeAxes(node.type, given, x.rank);
  return node.attributes.flag("noop_with_empty_axes") ? [] : normalizeAxes(node.type, undefined, x.rank);
}

/** @param empty what the reduction of nothing gives */
const reduction =
  (f: Reduce, empty: number, inputSince = 18) =>
  (node: OnnxNode) => {
    const given = node.tensor(0);
    const x = given.dtype === "bool" ? given.cast("int32") : given.cast(computeType(given.dtype));
    const axes = axesOf(node, x, inputSince);
    const keepDims = node.attributes.flag("keepdims", true);
    if (axes.some((a) => x.shape[a] === 0)) {
      const shape = x.shape.flatMap((d, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [d]));
      return constant(empty, shape, given.dtype);
    }
    return f(x, axes, keepDims).cast(given.dtype);
  };

const sumOf =
  (g: (x: Tensor) => Tensor, after: (y: Tensor) => Tensor = (y) => y): Reduce =>
  (x, axes, keep) =>
    after(g(x).sum(axes, keep));

/** The index of an extreme entry; of the last one among equals where asked. */
const extreme = (sign: 1 | -1) => (node: OnnxNode) => {
  const given = node.tensor(0);
  const axis = node.attributes.int("axis", 0);
  const keepDims = node.attributes.flag("keepdims", true);
  const wide = given.cast(computeType(given.dtype));
  const x = sign < 0 ? wide.neg() : wide;
  if (!node.attributes.flag("select_last_index")) return argMax(x, axis, keepDims);
  const last = x.shape[axis < 0 ? axis + x.rank : axis] - 1;
  return argMax(x.flip(axis), axis, keepDims).neg().add(last);
};

export const reductions: Family = {
  ArgMax: extreme(1),
  ArgMin: extreme(-1),
  ReduceL1: reduction(
    sumOf((x) => x.abs()),
    0,
  ),
  ReduceL2: reduction(
    sumOf(
      (x) => x.square(),
      (y) => y.sqrt(),
    ),
    0,
  ),
  ReduceLogSum: reduction(
    sumOf(
      (x) => x,
      (y) => y.log(),
    ),
    Number.NEGATIVE_INFINITY,
  ),
  ReduceLogSumExp: reduction(logSumExp, Number.NEGATIVE_INFINITY),
  ReduceMax: reduction((x, axes, keep) => x.max(axes, keep), Number.NEGATIVE_INFINITY),
  ReduceMean: reduction((x, axes, keep) => x.mean(axes, keep), Number.NaN),
  ReduceMin: reduction((x, axes, keep) => x.min(axes, keep), Number.POSITIVE_INFINITY),
  ReduceProd: reduction((x, axes, keep) => x.prod(axes, keep), 1),
  ReduceSum: reduction((x, axes, keep) => x.sum(axes, keep), 0, 13),
  ReduceSumSquare: reduction(
    sumOf((x) => x.square()),
    0,
  ),
};
