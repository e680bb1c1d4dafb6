import { broadcastIndex, stridedIndex } from "../iterate.ts";
import type { Op } from "../op.ts";
import {
  broadcastShapes,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeError,
  show,
  sizeOf,
  stridesOf,
} from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { sumTo } from "./binary.ts";

export const reshapeOp: Op<{ readonly shape: Shape }> = {
  name: "reshape",
  infer([x], { shape }) {
    if (sizeOf(shape) !== x.size) throw shapeError("reshape", `${x.size} elements as in ${show(x.shape)}`, show(shape));
    return { shape, dtype: x.dtype };
  },
  evaluate: ([x]) => x.data,
  onnx: (emit, [x], node) =>
    emit.node("Reshape", [x, emit.ints(node.shape)], node.size === 0 ? { allowzero: { i: 1 } } : {}),
  vjp: ({ inputs: [x], gradient }) => [reshape(gradient, x.shape)],
};

/** One extent may be -1: it is worked out from the others. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const free = shape.indexOf(-1);
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  if (shape.filter((d) => d === -1).length > 1) throw shapeError("reshape", "at most one -1", show(shape));
  if (free >= 0 && (known === 0 || x.size % known !== 0))
    throw shapeError("reshape", `extents that divide ${x.size} elements`, show(shape));
  const full = free < 0 ? [...shape] : shape.map((d, i) => (i === free ? x.size / known : d));
  if (sameShape(full, x.shape)) return x;
  const source = x.op === (reshapeOp as Op) ? x.inputs[0] : x; // two reshapes are one
  return sameShape(full, source.shape) ? source : apply(reshapeOp, [source], { shape: full });
}

export const transposeOp: Op<{ readonly permutation: readonly number[] }> = {
  name: "transpose",
  infer([x], { permutation }) {
    const ok = permutation.length === x.rank && [...permutation].sort((a, b) => a - b).every((p, i) => p === i);
    if (!ok) throw shapeError("transpose", `a permutation of ${x.rank} axes`, show(permutation));
    return { shape: permutation.map((p) => x.shape[p]), dtype: x.dtype };
  },
  evaluate([x], { permutation }, { shape }) {
    const strides = stridesOf(x.shape);
    const index = stridedIndex(
      shape,
      permutation.map((p) => strides[p]),
      0,
    );
    return Float64Array.from(index, (i) => x.data[i]);
  },
  onnx: (emit, [x], node) =>
    emit.node("Transpose", [x], { perm: { ints: (node.attrs as { permutation: number[] }).permutation } }),
  vjp: ({ attrs: { permutation }, gradient }) => [
    transpose(
      gradient,
      permutation.map((_, i) => permutation.indexOf(i)),
    ),
  ],
};

export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const p = permutation?.map((a) => normalizeAxis("transpose", a, x.rank)) ?? x.shape.map((_, i) => x.rank - 1 - i);
  if (x.op === (transposeOp as Op)) {
    const inner = (x.attrs as { permutation: readonly number[] }).permutation;
    return transpose(
      x.inputs[0],
      p.map((i) => inner[i]),
    );
  }
  return p.length === x.rank && p.every((a, i) => a === i) ? x : apply(transposeOp, [x], { permutation: p });
}

export const expandOp: Op<{ readonly shape: Shape }> = {
  name: "expand",
  infer([x], { shape }) {
    if (!sameShape(broadcastShapes("expand", x.shape, shape), shape))
      throw shapeError("expand", `a shape that ${show(x.shape)} broadcasts to`, show(shape));
    return { shape, dtype: x.dtype };
  },
  evaluate([x], { shape }) {
    const index = broadcastIndex(x.shape, shape);
    return index ? Float64Array.from(index, (i) => x.data[i]) : x.data;
  },
  onnx: (emit, [x], node) => emit.node("Expand", [x, emit.ints(node.shape)]),
  vjp: ({ inputs: [x], gradient }) => [sumTo(gradient, x.shape)],
};

export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape: [...shape] });
}

export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const drop =
    axes === undefined ? x.shape.flatMap((d, i) => (d === 1 ? [i] : [])) : normalizeAxes("squeeze", axes, x.rank);
  const wide = drop.find((i) => x.shape[i] !== 1);
  if (wide !== undefined) throw shapeError("squeeze", `extent 1 at axis ${wide}`, show(x.shape));
  return reshape(
    x,
    x.shape.filter((_, i) => !drop.includes(i)),
  );
}

/** Inserts axes of extent 1; positions are those in the result. */
export function unsqueeze(x: Tensor, axes: number | readonly number[]): Tensor {
  const list = typeof axes === "number" ? [axes] : axes;
  const at = normalizeAxes("unsqueeze", list, x.rank + list.length);
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: x.rank + at.length }, (_, i) => (at.includes(i) ? 1 : (rest.shift() as number))),
  );
}

/** Repeats whole copies along each axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length !== x.rank) throw shapeError("tile", `${x.rank} repeats`, show(repeats));
  const split = x.shape.flatMap((d) => [1, d]);
  const wide = x.shape.flatMap((d, i) => [repeats[i], d]);
  return reshape(
    expand(reshape(x, split), wide),
    x.shape.map((d, i) => d * repeats[i]),
  );
}
