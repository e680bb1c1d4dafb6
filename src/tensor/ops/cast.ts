import { coerce, type DType, decodeHalf, encodeHalf, isReal } from "../dtype.ts";
import type { Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { apply } from "../tensor.ts";

/** ONNX element type codes (TensorProto.DataType). */
export const onnxType: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

export const castOp: Op<{ readonly to: DType }> = {
  name: "cast",
  infer: ([x], { to }) => ({ shape: x.shape, dtype: to }),
  evaluate: ([x], { to }) =>
    to === "float16" ? x.data.map((v) => decodeHalf(encodeHalf(v))) : x.data.map((v) => coerce(v, to)),
  onnx: (emit, [x], node) => emit.node("Cast", [x], { to: { i: onnxType[node.dtype] } }),
  vjp: ({ inputs: [x], attrs, gradient }) => [
    isReal(x.dtype) && isReal(attrs.to) ? cast(gradient, x.dtype) : undefined,
  ],
};

export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply(castOp, [x], { to });
}
