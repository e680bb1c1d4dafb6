import { isReal } from "../../tensor/dtype.ts";
import * as ops from "../../tensor/index.ts";
import { isNotANumber, type Tensor } from "../../tensor/index.ts";
import { TensorProto_DataType as Type } from "../generated/onnx_pb.ts";
import type { Family, OnnxNode } from "./node.ts";
import { computedType, noteStoredType, storedType, typeName } from "./tensors.ts";
import { widened } from "./types.ts";

const map = (f: (x: Tensor) => Tensor) => (node: OnnxNode) => f(node.tensor(0));
const wholeToo = (f: (x: Tensor) => Tensor) => (node: OnnxNode) => widened([node.tensor(0)], f);

/** Bits of the whole numbers that are held in 8: those of int8 (negative here) and of uint8. */
const fewBits: Readonly<Record<number, number>> = {
  [Type.INT4]: -4,
  [Type.INT2]: -2,
  [Type.UINT4]: 4,
  [Type.UINT2]: 2,
};

/** A cast to an ONNX type. Small floats only store weights: nothing here would carry the rounding of a result. */
function castTo(node: OnnxNode, x: Tensor, code: number): Tensor {
  const dtype = computedType(code);
  if (dtype) return x.cast(dtype);
  const bits = fewBits[code];
  if (!bits) throw node.unsupported(`a result of type ${typeName(code)}`);
  const range = 2 ** Math.abs(bits);
  const wrapped = ops.mod(x.cast("int32"), range);
  const signed = bits < 0 ? wrapped.greaterOrEqual(range / 2).where(wrapped.sub(range), wrapped) : wrapped;
  return noteStoredType(signed.cast(bits < 0 ? "int8" : "uint8"), code);
}

function castLike(node: OnnxNode): Tensor {
  const [x, like] = [node.tensor(0), node.tensor(1)];
  const code = storedType(like);
  return code === undefined ? x.cast(like.dtype) : castTo(node, x, code);
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
  Cast: (node) => castTo(node, node.tensor(0), node.attributes.int("to", Type.FLOAT)),
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
