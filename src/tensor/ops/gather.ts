import type { NDArray, Op } from "../op.ts";
import { normalizeAxis, type Shape, sameShape, shapeError, show } from "../shape.ts";
import { apply, Tensor } from "../tensor.ts";
import { constant, zeros } from "./source.ts";

const product = (shape: Shape) => shape.reduce((n, d) => n * d, 1);

function checkIndices(name: string, indices: Tensor): void {
  if (indices.dtype !== "int64" && indices.dtype !== "int32") throw shapeError(name, "integer indices", indices.dtype);
}

/** Reads index k along an axis of extent n; negative ones count from the end. */
function resolve(name: string, k: number, n: number): number {
  const i = k < 0 ? k + n : k;
  if (i < 0 || i >= n) throw shapeError(name, `an index in [${-n}, ${n - 1}]`, String(k));
  return i;
}

/** y[a, i, b] = x[a, indices[i], b]: whole slices along one axis, as NumPy `take`. */
export const gatherOp: Op<{ readonly axis: number }> = {
  name: "gather",
  infer([x, indices], { axis }) {
    checkIndices("gather", indices);
    return { shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype };
  },
  evaluate([x, indices], { axis }, { shape }) {
    const inner = product(x.shape.slice(axis + 1));
    const outer = product(x.shape.slice(0, axis));
    const n = x.shape[axis];
    const out = new Float64Array(product(shape));
    let at = 0;
    for (let o = 0; o < outer; o++)
      for (const k of indices.data) {
        const from = (o * n + resolve("gather", k, n)) * inner;
        out.set(x.data.subarray(from, from + inner), at);
        at += inner;
      }
    return out;
  },
  onnx: (emit, inputs, node) => emit.node("Gather", inputs, { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp({ inputs: [x, indices], attrs: { axis }, gradient }) {
    const flat = gradient.reshape([...x.shape.slice(0, axis), indices.size, ...x.shape.slice(axis + 1)]);
    return [scatterAdd(flat, indices.flatten(), axis, x.shape[axis]), undefined];
  },
};

/** y = zeros; y[a, indices[i], b] += x[a, i, b]: the adjoint of gather. */
export const scatterAddOp: Op<{ readonly axis: number; readonly size: number }> = {
  name: "scatterAdd",
  infer([x, indices], { axis, size }) {
    checkIndices("scatterAdd", indices);
    if (!sameShape(indices.shape, [x.shape[axis]]))
      throw shapeError("scatterAdd", `${x.shape[axis]} indices`, show(indices.shape));
    return { shape: x.shape.map((d, i) => (i === axis ? size : d)), dtype: x.dtype };
  },
  evaluate([x, indices], { axis, size }, { shape }) {
    const inner = product(x.shape.slice(axis + 1));
    const outer = product(x.shape.slice(0, axis));
    const n = x.shape[axis];
    const out = new Float64Array(product(shape));
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < n; k++) {
        const to = (o * size + resolve("scatterAdd", indices.data[k], size)) * inner;
        for (let i = 0; i < inner; i++) out[to + i] += x.data[(o * n + k) * inner + i];
      }
    return out;
  },
  onnx(emit, [x, indices], node) {
    const { axis } = node.attrs as { axis: number };
    const [updates, list] = node.inputs;
    const column = emit.node("Reshape", [
      indices,
      emit.ints(updates.shape.map((_, i) => (i === axis ? list.size : 1))),
    ]);
    const full = emit.node("Expand", [column, emit.ints(updates.shape)]);
    const start = emit.node("Expand", [emit.constant([0], [], node.dtype), emit.ints(node.shape)]);
    return emit.node("ScatterElements", [start, full, x], { axis: { i: axis }, reduction: { s: "add" } });
  },
  vjp: ({ inputs: [, indices], attrs: { axis }, gradient }) => [gather(gradient, indices, axis), undefined],
};

function elementOffsets(indices: NDArray, axis: number, n: number, name: string): Int32Array {
  const inner = product(indices.shape.slice(axis + 1));
  const rows = indices.shape[axis];
  return Int32Array.from(indices.data, (k, i) => {
    const outer = Math.floor(i / (rows * inner));
    return (outer * n + resolve(name, k, n)) * inner + (i % inner);
  });
}

/** y[.., i, ..] = x[.., indices[.., i, ..], ..]: one index per element (NumPy `take_along_axis`). */
export const gatherElementsOp: Op<{ readonly axis: number }> = {
  name: "gatherElements",
  infer([x, indices], { axis }) {
    checkIndices("gatherElements", indices);
    const fits = indices.rank === x.rank && indices.shape.every((d, i) => i === axis || d === x.shape[i]);
    if (!fits)
      throw shapeError("gatherElements", `indices like ${show(x.shape)} but for axis ${axis}`, show(indices.shape));
    return { shape: indices.shape, dtype: x.dtype };
  },
  evaluate: ([x, indices], { axis }) =>
    Float64Array.from(elementOffsets(indices, axis, x.shape[axis], "gatherElements"), (i) => x.data[i]),
  onnx: (emit, inputs, node) =>
    emit.node("GatherElements", inputs, { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp: ({ inputs: [x, indices], attrs: { axis }, gradient }) => [
    scatterElementsAdd(gradient, indices, axis, x.shape[axis]),
    undefined,
  ],
};

/** y = zeros; y[.., indices[.., i, ..], ..] += x[.., i, ..]: the adjoint of gatherElements. */
export const scatterElementsAddOp: Op<{ readonly axis: number; readonly size: number }> = {
  name: "scatterElementsAdd",
  infer([x, indices], { axis, size }) {
    checkIndices("scatterElementsAdd", indices);
    if (!sameShape(indices.shape, x.shape))
      throw shapeError("scatterElementsAdd", `indices of shape ${show(x.shape)}`, show(indices.shape));
    return { shape: x.shape.map((d, i) => (i === axis ? size : d)), dtype: x.dtype };
  },
  evaluate([x, indices], { axis, size }, { shape }) {
    const out = new Float64Array(product(shape));
    elementOffsets(indices, axis, size, "scatterElementsAdd").forEach((to, i) => {
      out[to] += x.data[i];
    });
    return out;
  },
  onnx(emit, [x, indices], node) {
    const start = emit.node("Expand", [emit.constant([0], [], node.dtype), emit.ints(node.shape)]);
    const { axis } = node.attrs as { axis: number };
    return emit.node("ScatterElements", [start, indices, x], { axis: { i: axis }, reduction: { s: "add" } });
  },
  vjp: ({ inputs: [, indices], attrs: { axis }, gradient }) => [gatherElements(gradient, indices, axis), undefined],
};

const asIndices = (indices: Tensor | readonly number[]) =>
  indices instanceof Tensor ? indices : constant(indices, [indices.length], "int64");

export function gather(x: Tensor, indices: Tensor | readonly number[], axis = 0): Tensor {
  return apply(gatherOp, [x, asIndices(indices)], { axis: normalizeAxis("gather", axis, x.rank) });
}

export function scatterAdd(x: Tensor, indices: Tensor | readonly number[], axis: number, size: number): Tensor {
  if (x.size === 0)
    return zeros(
      x.shape.map((d, i) => (i === axis ? size : d)),
      x.dtype,
    );
  return apply(scatterAddOp, [x, asIndices(indices)], { axis: normalizeAxis("scatterAdd", axis, x.rank), size });
}

export function gatherElements(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const a = normalizeAxis("gatherElements", axis, x.rank);
  // ONNX lets the indices cover only the first entries of the other axes.
  const short = indices.rank !== x.rank ? [] : x.shape.flatMap((d, i) => (i !== a && indices.shape[i] < d ? [i] : []));
  const covered = short.reduce((t, i) => t.narrow(i, 0, indices.shape[i]), x);
  return apply(gatherElementsOp, [covered, indices], { axis: a });
}

export function scatterElementsAdd(x: Tensor, indices: Tensor, axis: number, size: number): Tensor {
  return apply(scatterElementsAddOp, [x, indices], { axis: normalizeAxis("scatterElementsAdd", axis, x.rank), size });
}
