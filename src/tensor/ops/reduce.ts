import { stridedIndex } from "../iterate.ts";
import type { Emitter, NDArray, Op } from "../op.ts";
import { normalizeAxes, normalizeAxis, type Shape, shapeError, show, stridesOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { ones, stopGradient } from "./source.ts";

export interface ReduceAttrs {
  /** Sorted, non-negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Groups of flat input positions, one group per output element. */
function groups(x: NDArray, axes: readonly number[]): { outer: Int32Array; inner: Int32Array } {
  const strides = stridesOf(x.shape);
  const pick = (chosen: boolean) => x.shape.map((_, i) => i).filter((i) => axes.includes(i) === chosen);
  const walk = (list: number[]) =>
    stridedIndex(
      list.map((i) => x.shape[i]),
      list.map((i) => strides[i]),
      0,
    );
  return { outer: walk(pick(false)), inner: walk(pick(true)) };
}

function reduce(
  name: string,
  onnx: string,
  fold: (read: (k: number) => number, count: number) => number,
  vjp: Op<ReduceAttrs>["vjp"],
  emitForm: (emit: Emitter, x: string, axes: readonly number[], keepDims: boolean, node: Tensor) => string = (
    emit,
    x,
    axes,
    keep,
  ) => emit.node(onnx, [x, emit.ints(axes)], { keepdims: { i: keep ? 1 : 0 } }),
): Op<ReduceAttrs> {
  return {
    name,
    infer: ([x], { axes, keepDims }) => ({
      shape: x.shape.flatMap((d, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [d])),
      dtype: x.dtype,
    }),
    evaluate([x], { axes }) {
      const { outer, inner } = groups(x, axes);
      const out = new Float64Array(outer.length);
      for (let i = 0; i < out.length; i++) out[i] = fold((k) => x.data[outer[i] + inner[k]], inner.length);
      return out;
    },
    onnx(emit, [x], node) {
      const { axes, keepDims } = node.attrs as ReduceAttrs;
      return emitForm(emit, x, axes, keepDims, node);
    },
    vjp,
  };
}

// One flat float32 reduction over a whole image loses digits; the last axis first, then the rest, keeps them at the same speed.
const twoStages =
  (onnx: string) =>
  (emit: Emitter, x: string, axes: readonly number[], keepDims: boolean, node: Tensor): string => {
    const last = node.inputs[0].rank - 1;
    const keep = { keepdims: { i: keepDims ? 1 : 0 } };
    const wide = axes.filter((i) => node.inputs[0].shape[i] !== 1);
    if (!axes.includes(last)) return emit.node(onnx, [x, emit.ints(axes)], keep);
    if (wide.length < 2)
      return emit.node(onnx, [splitRows(emit, onnx, x, node.inputs[0].shape), emit.ints(axes)], keep);
    const rows = emit.node(onnx, [x, emit.ints([last])], keep);
    return emit.node(onnx, [rows, emit.ints(axes.slice(0, -1))], keep);
  };

/** Reduces runs of a long last axis first, where its length has a fitting divisor: [..., n] becomes [..., n/run]. */
function splitRows(emit: Emitter, onnx: string, x: string, shape: Shape): string {
  const n = shape[shape.length - 1];
  if (n < 8192) return x;
  const run = Array.from({ length: 1024 }, (_, i) => 1024 - i).find((d) => n % d === 0) as number;
  if (run < 32) return x;
  const runs = emit.node("Reshape", [x, emit.ints([...shape.slice(0, -1), n / run, run])]);
  return emit.node(onnx, [runs, emit.ints([shape.length])], { keepdims: { i: 0 } });
}

/** The cotangent with the reduced axes back as 1s, ready to broadcast over the input. */
function restore(g: Tensor, x: Tensor, { axes, keepDims }: ReduceAttrs): Tensor {
  return keepDims ? g : g.reshape(x.shape.map((d, i) => (axes.includes(i) ? 1 : d)));
}

const total = (read: (k: number) => number, n: number) => {
  let s = 0;
  for (let k = 0; k < n; k++) s += read(k);
  return s;
};
const extreme =
  (better: (a: number, b: number) => boolean, start: number) => (read: (k: number) => number, n: number) => {
    let best = start;
    for (let k = 0; k < n; k++) {
      const v = read(k);
      if (Number.isNaN(v)) return v;
      if (better(v, best)) best = v;
    }
    return best;
  };
// Ties share the cotangent equally.
const extremeVjp: Op<ReduceAttrs>["vjp"] = ({ inputs: [x], attrs, output, gradient }) => {
  const hit = x.equal(restore(output, x, attrs)).where(ones([], x.dtype), 0);
  return [hit.mul(restore(gradient, x, attrs)).div(hit.sum(attrs.axes, true))];
};

export const sumOp = reduce(
  "sum",
  "ReduceSum",
  total,
  ({ inputs: [x], attrs, gradient }) => [restore(gradient, x, attrs).expand(x.shape)],
  twoStages("ReduceSum"),
);
export const meanOp = reduce(
  "mean",
  "ReduceMean",
  (read, n) => total(read, n) / n,
  ({ inputs: [x], attrs, gradient, output }) => [restore(gradient.mul(output.size / x.size), x, attrs).expand(x.shape)],
  twoStages("ReduceMean"),
);
export const maxOp = reduce(
  "max",
  "ReduceMax",
  extreme((a, b) => a > b, -Infinity),
  extremeVjp,
);
export const minOp = reduce(
  "min",
  "ReduceMin",
  extreme((a, b) => a < b, Infinity),
  extremeVjp,
);

export interface ArgAttrs {
  readonly axis: number;
  readonly keepDims: boolean;
}

const arg = (name: string, onnx: string, better: (a: number, b: number) => boolean): Op<ArgAttrs> => ({
  name,
  infer: ([x], { axis, keepDims }) => ({
    shape: x.shape.flatMap((d, i) => (i === axis ? (keepDims ? [1] : []) : [d])),
    dtype: "int64",
  }),
  evaluate([x], { axis }) {
    const { outer, inner } = groups(x, [axis]);
    return Float64Array.from(outer, (base) => {
      let best = 0;
      for (let k = 1; k < inner.length; k++) if (better(x.data[base + inner[k]], x.data[base + inner[best]])) best = k;
      return best;
    });
  },
  onnx(emit, [x], node) {
    const { axis, keepDims } = node.attrs as ArgAttrs;
    return emit.node(onnx, [x], { axis: { i: axis }, keepdims: { i: keepDims ? 1 : 0 } });
  },
});
/** Index of the first largest entry along one axis. */
export const argMaxOp = arg("argMax", "ArgMax", (a, b) => a > b);
/** Index of the first smallest entry along one axis. */
export const argMinOp = arg("argMin", "ArgMin", (a, b) => a < b);

export type Axes = number | readonly number[] | undefined;

const build =
  (op: Op<ReduceAttrs>) =>
  (x: Tensor, axes?: Axes, keepDims = false): Tensor => {
    const list = normalizeAxes(op.name, axes, x.rank);
    if (list.length === 0) return x;
    if ((op === maxOp || op === minOp) && list.some((a) => x.shape[a] === 0))
      throw shapeError(op.name, "at least one element to reduce", "an empty axis");
    return apply(op, [x], { axes: list, keepDims });
  };

export const sum = build(sumOp);
export const mean = build(meanOp);
export const max = build(maxOp);
export const min = build(minOp);

const buildArg =
  (op: Op<ArgAttrs>) =>
  (x: Tensor, axis: number, keepDims = false): Tensor => {
    const a = normalizeAxis(op.name, axis, x.rank);
    if (x.shape[a] === 0) throw shapeError(op.name, "at least one entry along the axis", show(x.shape));
    return apply(op, [x], { axis: a, keepDims });
  };

export const argMax = buildArg(argMaxOp);
export const argMin = buildArg(argMinOp);

/** Product over axes by halving: differentiable where entries are zero, in log n multiplications. */
export function prod(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  const list = normalizeAxes("prod", axes, x.rank);
  const y = list.reduce(prodAxis, x);
  return keepDims ? y : y.squeeze(list);
}

function prodAxis(x: Tensor, axis: number): Tensor {
  const n = x.shape[axis];
  if (n === 0) return x.sum(axis, true).add(1);
  if (n === 1) return x;
  const half = Math.floor(n / 2);
  const product = prodAxis(x.narrow(axis, 0, half).mul(x.narrow(axis, half, half)), axis);
  return n % 2 === 0 ? product : product.mul(x.narrow(axis, n - 1, 1));
}

/** log Σ exp, shifted by the largest entry so that it cannot overflow. */
export function logSumExp(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  const list = normalizeAxes("logSumExp", axes, x.rank);
  const top = stopGradient(max(x, list, true));
  const peak = top.abs().less(Infinity).where(top, 0);
  const y = x.sub(peak).exp().sum(list, true).log().add(peak);
  return keepDims ? y : y.squeeze(list);
}

/** Σ|x| over axes; the derivative at zero is zero. */
export function reduceL1(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  return x.abs().sum(axes, keepDims);
}

/** √Σx² over axes; the derivative at zero is taken as zero (the smallest subgradient). */
export function reduceL2(x: Tensor, axes?: Axes, keepDims = false): Tensor {
  const squares = x.square().sum(axes, keepDims);
  const zero = squares.equal(0); // not `squares > 0`: NaN must stay NaN
  return zero.where(0, zero.where(1, squares).sqrt());
}

/** Euclidean norm of all elements. */
export function norm(x: Tensor): Tensor {
  return reduceL2(x);
}
