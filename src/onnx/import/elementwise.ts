import { isReal } from "../../tensor/dtype.ts";
import * as ops from "../../tensor/index.ts";
import { type DType, isNotANumber, type Tensor } from "../../tensor/index.ts";
import type { Family, OnnxNode } from "./node.ts";
import { computedType, storedType, typeName } from "./tensors.ts";
import { widened } from "./types.ts";

const map = (f: (x: Tensor) => Tensor) => (node: OnnxNode) => f(node.tensor(0));
const wholeToo = (f: (x: Tensor) => Tensor) => (node: OnnxNode) => widened([node.tensor(0)], f);

/** The type that a Cast names. Types that only store weights are no results: nothing would carry their rounding. */
function target(node: OnnxNode): DType {
  const code = node.attributes.int("to", 1);
  const dtype = computedType(code);
  if (!dtype) throw node.unsupported(`a result of type ${typeName(code)}`);
  return dtype;
}

function castLike(node: OnnxNode): Tensor {
  const like = node.tensor(1);
  const code = storedType(like);
  if (code !== undefined && !computedType(code)) throw node.unsupported(`a result of type ${typeName(code)}`);
  return node.tensor(0).cast(like.dtype);
}

function isInfinite(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const above = x.equal(Number.POSITIVE_INFINITY);
  const below = x.equal(Number.NEGATIVE_INFINITY);
  const [up, down] = [node.attributes.flag("detect_positive", true), node.attributes.flag("detect_negative", true)];
  if (up && down) return above.or(below);
  return up ? above : down ? below : above.and(above.not());
}

/** Functions of one tensor, entry by entry. */
export const elementwise: Family = {
  Abs: wholeToo(ops.abs),
  Acos: map(ops.acos),
  Acosh: map(ops.acosh),
  Asin: map(ops.asin),
  Asinh: map(ops.asinh),
  Atan: map(ops.atan),
  Atanh: map(ops.atanh),
  BitwiseNot: (node) => {
    const x = node.tensor(0);
    return widened([x], (wide) => wide.neg().sub(1)); // two's complement; the cast back wraps unsigned values
  },
  Cast: (node) => node.tensor(0).cast(target(node)),
  CastLike: castLike,
  Ceil: map(ops.ceil),
  Cos: map(ops.cos),
  Cosh: map(ops.cosh),
  Erf: map(ops.erf),
  Exp: map(ops.exp),
  Floor: map(ops.floor),
  Identity: (node) => node.value(0),
  IsInf: isInfinite,
  IsNaN: map(isNotANumber),
  Log: map(ops.log),
  Neg: wholeToo(ops.neg),
  Not: map(ops.not),
  Reciprocal: map(ops.reciprocal),
  Round: map(ops.round),
  Sign: wholeToo((x) => (isReal(x.dtype) ? x.sign() : x.greater(0).cast(x.dtype).sub(x.less(0).cast(x.dtype)))),
  Sin: map(ops.sin),
  Sinh: map(ops.sinh),
  Sqrt: map(ops.sqrt),
  Tan: map(ops.tan),
  Tanh: map(ops.tanh),
};
