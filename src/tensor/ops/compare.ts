import { broadcastIndex } from "../iterate.ts";
import type { Op } from "../op.ts";
import { broadcastShapes, shapeError } from "../shape.ts";
import { apply, type Tensor, type TensorLike } from "../tensor.ts";
import { checkSameType, evaluateBinary, sumTo } from "./binary.ts";
import { asTensor, zeros } from "./source.ts";

/** Comparison of two broadcast operands; constant for differentiation. */
function compare(name: string, onnx: string, f: (a: number, b: number) => boolean): Op {
  return {
    name,
    infer([a, b]) {
      checkSameType(name, a, b);
      return { shape: broadcastShapes(name, a.shape, b.shape), dtype: "bool" };
    },
    evaluate: ([a, b], _, { shape }) => evaluateBinary(a, b, shape, (p, q) => (f(p, q) ? 1 : 0)),
    onnx: (emit, inputs) => emit.node(onnx, inputs),
  };
}

export const equalOp = compare("equal", "Equal", (a, b) => a === b);
export const lessOp = compare("less", "Less", (a, b) => a < b);
export const lessOrEqualOp = compare("lessOrEqual", "LessOrEqual", (a, b) => a <= b);
export const greaterOp = compare("greater", "Greater", (a, b) => a > b);
export const greaterOrEqualOp = compare("greaterOrEqual", "GreaterOrEqual", (a, b) => a >= b);
export const andOp = compare("and", "And", (a, b) => a !== 0 && b !== 0);
export const orOp = compare("or", "Or", (a, b) => a !== 0 || b !== 0);
export const xorOp = compare("xor", "Xor", (a, b) => (a !== 0) !== (b !== 0));

export const notOp: Op = {
  name: "not",
  infer: ([x]) => ({ shape: x.shape, dtype: "bool" }),
  evaluate: ([x]) => x.data.map((v) => (v ? 0 : 1)),
  onnx: (emit, [x]) => emit.node("Not", [x]),
};

export const isNaNOp: Op = {
  name: "isNaN",
  infer: ([x]) => ({ shape: x.shape, dtype: "bool" }),
  evaluate: ([x]) => x.data.map((v) => (Number.isNaN(v) ? 1 : 0)),
  onnx: (emit, [x]) => emit.node("IsNaN", [x]),
};

/** Elementwise choice between two broadcast operands. */
export const whereOp: Op = {
  name: "where",
  infer([condition, a, b]) {
    if (condition.dtype !== "bool") throw shapeError("where", "a bool condition", condition.dtype);
    checkSameType("where", a, b);
    return { shape: broadcastShapes("where", condition.shape, a.shape, b.shape), dtype: a.dtype };
  },
  evaluate([c, a, b], _, { shape }) {
    const [ic, ia, ib] = [c, a, b].map((x) => broadcastIndex(x.shape, shape));
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    for (let i = 0; i < out.length; i++)
      out[i] = c.data[ic ? ic[i] : i] ? a.data[ia ? ia[i] : i] : b.data[ib ? ib[i] : i];
    return out;
  },
  onnx: (emit, inputs) => emit.node("Where", inputs),
  vjp: ({ inputs: [c, a, b], gradient, needs }) => [
    undefined,
    needs[1] ? sumTo(where(c, gradient, 0), a.shape) : undefined,
    needs[2] ? sumTo(where(c, 0, gradient), b.shape) : undefined,
  ],
};

/** Limits x to [min, max]; the derivative is 1 inside and at the limits, 0 outside. */
export const clipOp: Op<{ readonly min?: number; readonly max?: number }> = {
  name: "clip",
  infer([x], { min = -Infinity, max = Infinity }) {
    if (Number.isNaN(min) || Number.isNaN(max)) throw shapeError("clip", "limits that are numbers", `${min}, ${max}`);
    return { shape: x.shape, dtype: x.dtype };
  },
  evaluate: ([x], { min = -Infinity, max = Infinity }) => x.data.map((v) => Math.min(Math.max(v, min), max)),
  onnx(emit, [x], node) {
    const { min, max } = node.attrs as { min?: number; max?: number };
    const limit = (v: number | undefined) => (v === undefined ? "" : emit.constant([v], [], node.dtype));
    return emit.node("Clip", [x, limit(min), limit(max)]);
  },
  vjp: ({ inputs: [x], output, gradient }) => [where(equal(x, output), gradient, 0)],
};

function build(op: Op) {
  return (a: Tensor, b: TensorLike): Tensor => apply(op, [a, asTensor(b, a)], undefined);
}

export const equal = build(equalOp);
export const less = build(lessOp);
export const lessOrEqual = build(lessOrEqualOp);
export const greater = build(greaterOp);
export const greaterOrEqual = build(greaterOrEqualOp);
export const and = build(andOp);
export const or = build(orOp);
export const xor = build(xorOp);
export const not = (x: Tensor) => apply(notOp, [x], undefined);
export const isNotANumber = (x: Tensor) => apply(isNaNOp, [x], undefined);

/** Where x is infinite, of either sign or of those asked for. */
export function isInfinite(x: Tensor, { positive = true, negative = true } = {}): Tensor {
  if (positive && negative) return x.abs().equal(Infinity);
  if (!positive && !negative) return zeros(x.shape, "bool");
  return x.equal(positive ? Infinity : -Infinity);
}

export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  const like = typeof a === "number" ? (typeof b === "number" ? undefined : b) : a;
  return apply(whereOp, [condition, asTensor(a, like), asTensor(b, like)], undefined);
}

export function clip(x: Tensor, min?: number, max?: number): Tensor {
  return min === undefined && max === undefined ? x : apply(clipOp, [x], { min, max });
}
