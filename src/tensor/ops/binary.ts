import { coerce, isReal } from "../dtype.ts";
import { broadcastIndex } from "../iterate.ts";
import type { NDArray, Op } from "../op.ts";
import { broadcastShapes, type Shape, sameShape, shapeError } from "../shape.ts";
import { apply, type Tensor, type TensorLike } from "../tensor.ts";
import { expandOp, squeeze } from "./shape.ts";
import { asTensor, constant, constantValue, ones } from "./source.ts";

/** Sums `x` over the axes along which `shape` was broadcast to x's shape: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  const summed = axes.length > 0 ? x.sum(axes, true) : x;
  return lead > 0
    ? squeeze(
        summed,
        Array.from({ length: lead }, (_, i) => i),
      )
    : summed;
}

/** Evaluates f over two broadcast operands. */
export function evaluateBinary(
  a: NDArray,
  b: NDArray,
  shape: Shape,
  f: (a: number, b: number) => number,
): Float64Array {
  const ia = broadcastIndex(a.shape, shape);
  const ib = broadcastIndex(b.shape, shape);
  const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
  for (let i = 0; i < out.length; i++) out[i] = f(a.data[ia ? ia[i] : i], b.data[ib ? ib[i] : i]);
  return out;
}

export function checkSameType(name: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype)
    throw shapeError(name, "operands of one type", `${a.dtype} and ${b.dtype}`, "cast one of them");
}

type Rule = (a: Tensor, b: Tensor, y: Tensor, g: Tensor) => readonly [() => Tensor, () => Tensor];

/** Elementwise function of two broadcast operands; the rule gives the cotangents before they are summed back. */
function binary(
  name: string,
  onnx: string,
  f: (a: number, b: number) => number,
  rule?: Rule,
  attributes?: Parameters<Parameters<Op["onnx"]>[0]["node"]>[2],
): Op {
  return {
    name,
    infer([a, b]) {
      checkSameType(name, a, b);
      return { shape: broadcastShapes(name, a.shape, b.shape), dtype: a.dtype };
    },
    evaluate: ([a, b], _, { shape, dtype }) =>
      evaluateBinary(a, b, shape, isReal(dtype) ? f : (p, q) => coerce(f(p, q), dtype)),
    onnx: (emit, inputs) => emit.node(onnx, inputs, attributes),
    vjp:
      rule &&
      (({ inputs: [a, b], output, gradient, needs }) => {
        const [da, db] = rule(a, b, output, gradient);
        return [needs[0] ? sumTo(da(), a.shape) : undefined, needs[1] ? sumTo(db(), b.shape) : undefined];
      }),
  };
}

export const addOp = binary(
  "add",
  "Add",
  (a, b) => a + b,
  (_a, _b, _y, g) => [() => g, () => g],
);
export const subOp = binary(
  "sub",
  "Sub",
  (a, b) => a - b,
  (_a, _b, _y, g) => [() => g, () => g.neg()],
);
export const mulOp = binary(
  "mul",
  "Mul",
  (a, b) => a * b,
  (a, b, _y, g) => [() => g.mul(b), () => g.mul(a)],
);
export const divOp = binary(
  "div",
  "Div",
  (a, b) => a / b,
  (_a, b, y, g) => [() => g.div(b), () => g.mul(y).div(b).neg()],
);
// d/dp of b^p is log(b)·b^p; at b = 0 its limit is 0, where 0·log 0 would give NaN.
export const powOp = binary(
  "pow",
  "Pow",
  (a, b) => a ** b,
  (a, b, y, g) => [() => g.mul(b).mul(pow(a, lessOne(b))), () => g.mul(y).mul(a.greater(0).where(a, 1).log())],
);
const lessOne = (exponent: Tensor) => {
  const c = constantValue(exponent);
  return c === undefined ? exponent.sub(1) : constant(c - 1, exponent.shape, exponent.dtype);
};
// Ties send half of the cotangent each way, the mean of the one-sided derivatives.
const share = (left: Tensor, right: Tensor) =>
  left.greater(right).where(asTensor(1, left), left.equal(right).where(asTensor(0.5, left), 0));
export const minimumOp = binary("minimum", "Min", Math.min, (a, b, _y, g) => [
  () => g.mul(share(b, a)),
  () => g.mul(share(a, b)),
]);
export const maximumOp = binary("maximum", "Max", Math.max, (a, b, _y, g) => [
  () => g.mul(share(a, b)),
  () => g.mul(share(b, a)),
]);
/** Remainder with the dividend's sign (C `fmod`), exact; the derivative in the divisor is -trunc(a/b). */
export const fmodOp = binary(
  "fmod",
  "Mod",
  (a, b) => a % b,
  (a, b, y, g) => [() => g, () => g.mul(a.sub(y).div(b).round()).neg()],
  { fmod: { i: 1 } },
);
/** Remainder with the divisor's sign (NumPy `mod`); the derivative in the divisor is -floor(a/b). */
export const modOp: Op = {
  ...binary(
    "mod",
    "Mod",
    (a, b) => {
      const r = a % b;
      return r !== 0 && r < 0 !== b < 0 ? r + b : r;
    },
    (a, b, y, g) => [() => g, () => g.mul(a.sub(y).div(b).round()).neg()],
  ),
  onnx(emit, [a, b], { dtype }) {
    if (!isReal(dtype)) return emit.node("Mod", [a, b]);
    const r = emit.node("Mod", [a, b], { fmod: { i: 1 } });
    const opposite = emit.node("Less", [emit.node("Mul", [r, b]), emit.constant([0], [], dtype)]);
    return emit.node("Where", [opposite, emit.node("Add", [r, b]), r]);
  },
};

function operands(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const like = typeof a === "number" ? (b as Tensor) : a;
  return [asTensor(a, like), asTensor(b, typeof like === "number" ? undefined : like)];
}

function build(op: Op) {
  return (a: TensorLike, b: TensorLike): Tensor => apply(op, operands(a, b), undefined);
}

/** Does the constant `value` stand in `x` without changing the other operand's shape? */
function isNeutral(x: TensorLike, value: number, other: TensorLike): boolean {
  if (typeof x === "number") return x === value && typeof other !== "number";
  if (typeof other === "number" || x.dtype !== other.dtype || constantValue(x) !== value) return false;
  return covers(other.shape, x.shape);
}

/** Leaves out an `expand` that broadcasting against the other operand does anyway: derivatives of sums end in one. */
function thin(x: TensorLike, other: TensorLike): TensorLike {
  if (typeof x === "number" || typeof other === "number" || x.op !== (expandOp as Op)) return x;
  return covers(other.shape, x.shape) ? x.inputs[0] : x;
}

/** Does broadcasting with `small` leave `shape` as it is? */
function covers(shape: Shape, small: Shape): boolean {
  const lead = shape.length - small.length;
  return lead >= 0 && small.every((d, i) => d === 1 || d === shape[lead + i]);
}

// Neutral operands vanish while the graph is built: gradients produce many of them.
export function add(p: TensorLike, q: TensorLike): Tensor {
  const a = thin(p, q);
  const b = thin(q, a);
  if (isNeutral(b, 0, a)) return a as Tensor;
  if (isNeutral(a, 0, b)) return b as Tensor;
  return apply(addOp, operands(a, b), undefined);
}
export function sub(p: TensorLike, q: TensorLike): Tensor {
  const a = thin(p, q);
  const b = thin(q, a);
  return isNeutral(b, 0, a) ? (a as Tensor) : apply(subOp, operands(a, b), undefined);
}
export function mul(p: TensorLike, q: TensorLike): Tensor {
  const a = thin(p, q);
  const b = thin(q, a);
  if (isNeutral(b, 1, a)) return a as Tensor;
  if (isNeutral(a, 1, b)) return b as Tensor;
  return apply(mulOp, operands(a, b), undefined);
}
export function div(p: TensorLike, q: TensorLike): Tensor {
  const a = thin(p, q);
  const b = thin(q, a);
  return isNeutral(b, 1, a) ? (a as Tensor) : apply(divOp, operands(a, b), undefined);
}
/** a^b; the constant exponents 0, 0.5, 1, 2 and -1 become the ops that compute them exactly and fast. */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  const [base, exponent] = operands(a, b);
  const c =
    exponent.size === 1 && exponent.rank <= base.rank && base.dtype === exponent.dtype
      ? constantValue(exponent)
      : undefined;
  if (c === 1) return base;
  if (c === 2) return base.mul(base);
  if (c === 0) return ones(base.shape, base.dtype);
  if (c === 0.5) return base.sqrt();
  if (c === -1 && isReal(base.dtype)) return base.reciprocal();
  return apply(powOp, [base, exponent], undefined);
}
export const minimum = build(minimumOp);
export const maximum = build(maximumOp);
export const mod = build(modOp);
export const fmod = build(fmodOp);
