import { isReal } from "../../tensor/dtype.ts";
import { constant, type DType, maximum, minimum, type Tensor } from "../../tensor/index.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import { TensorProto_DataType as Type } from "../generated/onnx_pb.ts";
import { convolve } from "./convolutions.ts";
import type { Family, OnnxNode } from "./node.ts";
import { heldType, storedType, typeName } from "./tensors.ts";

/** Scale or zero point, ready to broadcast over x: one value, one per entry of an axis, or one per block of an axis. */
function spread(parameter: Tensor, x: Tensor, axis: number, block: number): Tensor {
  if (parameter.size === 1 && block === 0) return parameter.reshape([]);
  if (parameter.rank === 1) return parameter.reshape(x.shape.map((d, i) => (i === axis ? d : 1)));
  const count = parameter.shape[axis];
  const size = block || Math.ceil(x.shape[axis] / count);
  const wide = parameter.unsqueeze(axis + 1);
  const repeated = wide.expand(wide.shape.map((d, i) => (i === axis + 1 ? size : d)));
  return repeated
    .reshape(parameter.shape.map((d, i) => (i === axis ? count * size : d)))
    .narrow(axis, 0, x.shape[axis]);
}

function axisOf(node: OnnxNode, x: Tensor): number {
  return x.rank < 2 ? 0 : normalizeAxis(node.type, node.attributes.int("axis", 1), x.rank);
}

/** (x - zero point)·scale in the scale's type: engines fold it into the weights when they load the model. */
function dequantize(x: Tensor, scale: Tensor, zero: Tensor | undefined): Tensor {
  const real = x.cast(scale.dtype);
  return (zero ? real.sub(zero.cast(scale.dtype)) : real).mul(scale);
}

const ranges: Readonly<Record<number, readonly [number, number]>> = {
  [Type.INT8]: [-128, 127],
  [Type.UINT8]: [0, 255],
  [Type.INT16]: [-32768, 32767],
  [Type.UINT16]: [0, 65535],
  [Type.INT4]: [-8, 7],
  [Type.UINT4]: [0, 15],
  [Type.INT2]: [-2, 1],
  [Type.UINT2]: [0, 3],
};

/** round(x/scale) + zero point within the range of the type (an ONNX type code). */
function quantize(node: OnnxNode, x: Tensor, scale: Tensor, zero: Tensor | undefined, code: number): Tensor {
  const range = ranges[code];
  const dtype = heldType(code);
  if (!range || !dtype) throw node.unsupported(`a result of type ${typeName(code)}`);
  const rounded = x.cast("float32").div(scale.cast("float32")).round();
  const moved = zero ? rounded.add(zero.cast("float32")) : rounded;
  return moved.clip(...range).cast(dtype);
}

const codes: Partial<Record<DType, number>> = {
  int8: Type.INT8,
  uint8: Type.UINT8,
  int16: Type.INT16,
  uint16: Type.UINT16,
};

/** The ONNX type in which a node's results are stored: its zero point's, an attribute's, or uint8. */
function storageOf(node: OnnxNode, zero: Tensor | undefined): number {
  if (zero) return storedType(zero) ?? codes[zero.dtype] ?? 0;
  return node.attributes.int("output_dtype", 0) || Type.UINT8;
}

function quantizeNode(node: OnnxNode): Tensor {
  const [x, scale, zero] = [node.tensor(0), node.tensor(1), node.optional(2)];
  const axis = axisOf(node, x);
  const block = node.attributes.int("block_size", 0);
  const spreadOut = (p: Tensor) => spread(p, x, axis, block);
  return quantize(node, x, spreadOut(scale), zero && spreadOut(zero), storageOf(node, zero));
}

function dequantizeNode(node: OnnxNode): Tensor {
  const [x, scale, zero] = [node.tensor(0), node.tensor(1), node.optional(2)];
  const axis = axisOf(node, x);
  const block = node.attributes.int("block_size", 0);
  const y = dequantize(x, spread(scale, x, axis, block), zero && spread(zero, x, axis, block));
  const type = heldType(node.attributes.int("output_dtype", 0));
  return type && isReal(type) ? y.cast(type) : y;
}

/** Scale and zero point from the range of the input, which always holds 0. */
function dynamic(node: OnnxNode): Tensor[] {
  const x = node.tensor(0);
  const zero = constant(0, [], x.dtype);
  const [low, high] = [minimum(x.min(), zero), maximum(x.max(), zero)];
  const range = high.sub(low).div(255);
  const scale = range.equal(0).where(1, range);
  const point = low.neg().div(scale).round().clip(0, 255).cast("uint8");
  return [quantize(node, x, scale, point, Type.UINT8), scale, point];
}

/** Products of 8-bit numbers are exact in float32 up to sums of 2²⁴. */
const exact = (x: Tensor, zero: Tensor | undefined, shape?: readonly number[]) => {
  const real = x.cast("float32");
  return zero
    ? real.sub(
        (zero.size > 1 && shape ? zero.reshape(shape) : zero.reshape(zero.size === 1 ? [] : zero.shape)).cast(
          "float32",
        ),
      )
    : real;
};

const rowwise = (p: Tensor | undefined): readonly number[] => [p?.size ?? 1, 1];

function integerMatmul(node: OnnxNode): Tensor {
  const [zeroA, zeroB] = [node.optional(2), node.optional(3)];
  const whole = (x: Tensor, zero: Tensor | undefined, shape?: readonly number[]) => {
    const wide = x.cast("int32");
    return zero ? wide.sub((zero.size > 1 && shape ? zero.reshape(shape) : zero).cast("int32")) : wide;
  };
  return whole(node.tensor(0), zeroA, rowwise(zeroA)).matmul(whole(node.tensor(1), zeroB));
}

function quantizedMatmul(node: OnnxNode): Tensor {
  const [scaleA, zeroA] = [node.tensor(1), node.tensor(2)];
  const [scaleB, zeroB] = [node.tensor(4), node.tensor(5)];
  const a = exact(node.tensor(0), zeroA, rowwise(zeroA));
  const b = exact(node.tensor(3), zeroB);
  const rows = scaleA.size > 1 ? scaleA.reshape([scaleA.size, 1]) : scaleA.reshape([]);
  const columns = scaleB.size > 1 ? scaleB : scaleB.reshape([]);
  const product = a.matmul(b).mul(rows.cast("float32")).mul(columns.cast("float32"));
  const zero = node.tensor(7);
  return quantize(node, product, node.tensor(6), zero, storageOf(node, zero));
}

function quantizedConv(node: OnnxNode): Tensor {
  const [scaleX, scaleW, zero] = [node.tensor(1), node.tensor(4), node.tensor(7)];
  const outputs = node.tensor(3).shape[0];
  const perOutput = (p: Tensor) =>
    p.size > 1
      ? [
          outputs,
          ...node
            .tensor(3)
            .shape.slice(1)
            .map(() => 1),
        ]
      : [];
  const x = exact(node.tensor(0), node.tensor(2));
  const w = exact(node.tensor(3), node.tensor(5), perOutput(node.tensor(5)));
  const sums = convolve(node, x, w, node.optional(8)?.cast("float32"));
  const scale = scaleW.size > 1 ? scaleW.reshape([outputs, ...x.shape.slice(2).map(() => 1)]) : scaleW.reshape([]);
  return quantize(node, sums.mul(scaleX.reshape([]).mul(scale)), node.tensor(6), zero, storageOf(node, zero));
}

export const quantization: Family = {
  ConvInteger: (node) => {
    const zero = node.optional(3);
    const shape = [
      zero?.size ?? 1,
      ...node
        .tensor(1)
        .shape.slice(1)
        .map(() => 1),
    ];
    return convolve(node, exact(node.tensor(0), node.optional(2)), exact(node.tensor(1), zero, shape)).cast("int32");
  },
  DequantizeLinear: dequantizeNode,
  DynamicQuantizeLinear: dynamic,
  MatMulInteger: integerMatmul,
  QLinearConv: quantizedConv,
  QLinearMatMul: quantizedMatmul,
  QuantizeLinear: quantizeNode,
};
