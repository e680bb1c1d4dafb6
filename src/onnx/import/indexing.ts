import { isReal } from "../../tensor/dtype.ts";
import { concat, constant, range, type Tensor, where } from "../../tensor/index.ts";
import * as ops from "../../tensor/ops/index.ts";
import { gather } from "../../tensor/ops/index.ts";
import { normalizeAxis, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";
import { staticValues } from "./static.ts";
import { widened } from "./types.ts";

/** Entries along one axis. A single known index is a slice, whose derivative is cheap. */
function gatherNode(node: OnnxNode): Tensor {
  const [x, indices] = [node.tensor(0), node.tensor(1)];
  const axis = normalizeAxis("Gather", node.attributes.int("axis", 0), x.rank);
  const known = indices.size === 1 ? staticValues(indices) : undefined;
  if (!known) return gather(x, indices, axis);
  const at = known[0] < 0 ? known[0] + x.shape[axis] : known[0];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return x.narrow(axis, at, 1).reshape(shape);
}

type Reduction = "none" | "add" | "mul" | "min" | "max";

function reductionOf(node: OnnxNode): Reduction {
  return node.attributes.string("reduction", "none") as Reduction;
}

/**
 * Joins each row of x [p, r] with the updates that hit it.
 * @param hits which of the m updates hit which position, [m, p, 1 or r]
 * @param updates [m, 1, r]
 */
function meet(x: Tensor, hits: Tensor, updates: Tensor, how: Reduction): Tensor {
  const neutral = { mul: 1, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }[how as "mul"];
  const candidates = where(hits, updates, constant(neutral, [], x.dtype));
  if (how === "mul") return x.mul(candidates.prod(0));
  return how === "min" ? ops.minimum(x, candidates.min(0)) : ops.maximum(x, candidates.max(0));
}

/** Scatter with a product or an extreme: every update meets every position, so for few updates only. */
const dense = 1 << 22;

function scatterElements(node: OnnxNode): Tensor {
  const [x, indices, updates] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const how = reductionOf(node);
  const axis = normalizeAxis(node.type, node.attributes.int("axis", 0), x.rank);
  if (how === "none" || how === "add")
    return widened([x, updates, indices], (a, u, i) => ops.scatterElements(a, i, u, axis, how));
  if (indices.shape.some((d, i) => i !== axis && d !== x.shape[i]) || indices.size * x.shape[axis] > dense)
    throw node.unsupported(`scattering ${indices.size} entries with ${how}`);
  const order = [axis, ...x.shape.flatMap((_, i) => (i === axis ? [] : [i]))];
  const flat = (t: Tensor) => t.transpose(order).reshape([t.shape[axis], -1]);
  const extent = x.shape[axis];
  const positions = range(0, extent, 1, indices.dtype).reshape([1, extent, 1]);
  const at = flat(indices).unsqueeze(1);
  const hits = where(at.less(0), at.add(extent), at).equal(positions);
  const result = meet(flat(x), hits, flat(updates).unsqueeze(1), how);
  const back = order.map((_, i) => order.indexOf(i));
  return result.reshape(order.map((i) => x.shape[i])).transpose(back);
}

function scatterND(node: OnnxNode): Tensor {
  const [x, indices, updates] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const how = reductionOf(node);
  if (how === "none" || how === "add") return widened([x, updates, indices], (a, u, i) => ops.scatterND(a, i, u, how));
  const depth = indices.shape[indices.rank - 1];
  const extents = x.shape.slice(0, depth);
  const [rows, count, width] = [sizeOf(extents), indices.size / depth, sizeOf(x.shape.slice(depth))];
  if (rows * count * width > dense) throw node.unsupported(`scattering ${count} slices with ${how}`);
  const sizes = constant(extents, [depth], indices.dtype);
  const strides = constant(stridesOf(extents), [depth], indices.dtype);
  const at = where(indices.less(0), indices.add(sizes), indices).mul(strides).sum(-1).reshape([count, 1, 1]);
  const hits = at.equal(range(0, rows, 1, indices.dtype).reshape([1, rows, 1]));
  return meet(x.reshape([rows, width]), hits, updates.reshape([count, 1, width]), how).reshape(x.shape);
}

/** Positions of the entries that are not zero, which must be known. */
function nonZero(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const values = node.values(x, "input (the number of entries that are not zero gives a shape)");
  const hits = Array.from(values.keys()).filter((i) => values[i] !== 0);
  const strides = stridesOf(x.shape);
  const rows = x.shape.map((d, axis) => hits.map((i) => Math.floor(i / strides[axis]) % d));
  return constant(rows.flat(), [x.rank, hits.length], "int64");
}

/** The entries where a known condition holds. */
function compress(node: OnnxNode): Tensor {
  const condition = node.numbers(1, "condition");
  const kept = condition.flatMap((c, i) => (c !== 0 ? [i] : []));
  const axis = node.attributes.int("axis");
  return axis === undefined ? gather(node.tensor(0).flatten(), kept, 0) : gather(node.tensor(0), kept, axis);
}

/** The k largest (or smallest) entries along an axis, one after the other: for small k. */
function topK(node: OnnxNode): Tensor[] {
  const x = node.tensor(0);
  const k = node.version >= 10 ? node.number(1, "k") : node.attributes.int("k", 1);
  const axis = normalizeAxis("TopK", node.attributes.int("axis", -1), x.rank);
  if (k > 32) throw node.unsupported(`the ${k} largest entries (at most 32 are found without sorting)`);
  const sign = node.attributes.flag("largest", true) ? 1 : -1;
  const column = range(0, x.shape[axis], 1, "int64").reshape(x.shape.map((d, a) => (a === axis ? d : 1)));
  const found: Tensor[] = [];
  const real = isReal(x.dtype) ? x : x.cast("float64");
  let rest = sign > 0 ? real : real.neg();
  for (let i = 0; i < k; i++) {
    const at = ops.argMax(rest, axis, true);
    found.push(at);
    rest = where(column.equal(at), Number.NEGATIVE_INFINITY, rest);
  }
  const none = x.shape.map((d, a) => (a === axis ? 0 : d));
  const indices = found.length > 0 ? concat(found, axis) : constant([], none, "int64");
  return [ops.gatherElements(x, indices, axis), indices];
}

/** Writes `update` into a cache from each batch entry's index on. */
function tensorScatter(node: OnnxNode): Tensor {
  const [cache, update] = [node.tensor(0), node.tensor(1)];
  const axis = normalizeAxis("TensorScatter", node.attributes.int("axis", -2), cache.rank);
  const starts = node.optional(2) ?? constant(0, [cache.shape[0]], "int64");
  const steps = range(0, update.shape[axis], 1, starts.dtype).unsqueeze(0);
  let rows = starts.unsqueeze(1).add(steps);
  if (node.attributes.string("mode", "linear") === "circular") rows = ops.mod(rows, cache.shape[axis]);
  const indices = rows.reshape(update.shape.map((d, i) => (i === 0 || i === axis ? d : 1))).expand(update.shape);
  return ops.scatterElements(cache, indices, update, axis);
}

function cumulative(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const options = { exclusive: node.attributes.flag("exclusive"), reverse: node.attributes.flag("reverse") };
  return ops.cumsum(x, node.number(1, "axis"), options);
}

/** Running products as a chain of multiplications. */
function cumulativeProduct(node: OnnxNode): Tensor {
  const given = node.tensor(0);
  const axis = normalizeAxis("CumProd", node.number(1, "axis"), given.rank);
  const reverse = node.attributes.flag("reverse");
  const x = reverse ? given.flip(axis) : given;
  if (x.shape[axis] === 0) return given;
  const items = Array.from({ length: x.shape[axis] }, (_, i) => x.narrow(axis, i, 1));
  const first = ops.ones(items[0].shape, x.dtype);
  const running: Tensor[] = [];
  for (const item of items) running.push(running.length > 0 ? running[running.length - 1].mul(item) : item);
  const exclusive = node.attributes.flag("exclusive");
  const result = concat(exclusive ? [first, ...running.slice(0, -1)] : running, axis);
  return reverse ? result.flip(axis) : result;
}

export const indexing: Family = {
  Compress: compress,
  CumProd: cumulativeProduct,
  CumSum: cumulative,
  Gather: gatherNode,
  GatherElements: (node) => ops.gatherElements(node.tensor(0), node.tensor(1), node.attributes.int("axis", 0)),
  GatherND: (node) => ops.gatherND(node.tensor(0), node.tensor(1), node.attributes.int("batch_dims", 0)),
  NonZero: nonZero,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TensorScatter: tensorScatter,
  TopK: topK,
};
