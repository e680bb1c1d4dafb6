import { TweedieError } from "../../errors.ts";
import { constant, type DType, fromBfloat16, sizeOf, type Tensor } from "../../tensor/index.ts";
import { TensorProto_DataType as Type } from "../generated/onnx_pb.ts";
import { bytesPerElement, decodeTensor, dtypeOf, rawBytes, type TensorProto } from "../proto.ts";

/** Types that only store weights: they are widened when read. */
const widened = new Map<number, DType>([
  [Type.BFLOAT16, "float32"],
  [Type.FLOAT8E4M3FN, "float32"],
  [Type.FLOAT8E4M3FNUZ, "float32"],
  [Type.FLOAT8E5M2, "float32"],
  [Type.FLOAT8E5M2FNUZ, "float32"],
  [Type.FLOAT8E8M0, "float32"],
  [Type.FLOAT4E2M1, "float32"],
  [Type.INT4, "int8"],
  [Type.INT2, "int8"],
  [Type.UINT4, "uint8"],
  [Type.UINT2, "uint8"],
]);

const bitsOf = new Map<number, number>([
  [Type.BFLOAT16, 16],
  [Type.INT4, 4],
  [Type.UINT4, 4],
  [Type.FLOAT4E2M1, 4],
  [Type.INT2, 2],
  [Type.UINT2, 2],
]);

/** The ONNX name of an element type. */
export function typeName(code: number): string {
  return Type[code] ?? `type ${code}`;
}

/** The type in which values of an ONNX type are held; undefined for strings and complex numbers. */
export function heldType(code: number): DType | undefined {
  return dtypeOf(code) ?? widened.get(code);
}

/** The type in which results of an ONNX type are held: bfloat16 is computed in float32, storage types are no results. */
export function computedType(code: number): DType | undefined {
  return dtypeOf(code) ?? (code === Type.BFLOAT16 ? "float32" : undefined);
}

const stored = new WeakMap<Tensor, number>();

/** Notes that a tensor holds values of an ONNX type that has no type of its own here. */
export function noteStoredType(x: Tensor, code: number): Tensor {
  if (!dtypeOf(code)) stored.set(x, code);
  return x;
}

/** The ONNX type of a tensor that is held in a wider one. */
export function storedType(x: Tensor): number | undefined {
  return stored.get(x);
}

/** A TensorProto as a constant. Elements in small storage types become float32, int8 or uint8. */
export function importTensor(proto: TensorProto): Tensor {
  if (proto.dims.some((d) => d < 0n))
    throw new TweedieError("invalid-model", {
      message: `tensor ${proto.name}: expected extents of at least 0, got [${proto.dims.join(", ")}]`,
    });
  const dtype = widened.get(proto.dataType);
  if (dtype) return noteStoredType(constant(decodeSmall(proto), proto.dims.map(Number), dtype), proto.dataType);
  if (!dtypeOf(proto.dataType))
    throw new TweedieError("unsupported-op", {
      message: `tensor ${proto.name || "(unnamed)"} has the element type ${typeName(proto.dataType)}`,
    });
  const { data, shape, dtype: own } = decodeTensor(proto);
  return constant(data, shape, own);
}

/** Bytes of a tensor's elements as raw data; undefined for element types that are not read. */
export function storedBytes({ dataType, dims }: TensorProto): number | undefined {
  const dtype = dtypeOf(dataType);
  const bits = widened.has(dataType) ? (bitsOf.get(dataType) ?? 8) : dtype && 8 * bytesPerElement(dtype);
  return bits && Math.ceil((sizeOf(dims.map(Number)) * bits) / 8);
}

/** Elements of 16 bits and fewer that have no typed array, read from packed little-endian bits. */
function decodeSmall(proto: TensorProto): Float32Array | Int8Array | Uint8Array {
  const bits = bitsOf.get(proto.dataType) ?? 8;
  const size = sizeOf(proto.dims.map(Number));
  const length = Math.ceil((size * bits) / 8);
  const raw = rawBytes(proto);
  // Without raw data the patterns lie in int32_data: one per element, or packed bytes for those below 8 bits.
  const bytes =
    raw.length > 0 ? raw : Uint8Array.from(proto.int32Data.flatMap((v) => (bits === 16 ? [v, v >> 8] : [v])));
  if (bytes.length !== length)
    throw new TweedieError("invalid-model", {
      message: `tensor ${proto.name}: expected ${length} bytes for ${size} elements of ${typeName(proto.dataType)}, got ${bytes.length}`,
    });
  const mask = 2 ** bits - 1;
  const pattern = (i: number) =>
    bits === 16 ? bytes[2 * i] | (bytes[2 * i + 1] << 8) : (bytes[(i * bits) >> 3] >> ((i * bits) & 7)) & mask;
  if (proto.dataType === Type.BFLOAT16) return fromBfloat16(Uint16Array.from({ length: size }, (_, i) => pattern(i)));
  const dtype = widened.get(proto.dataType);
  const out =
    dtype === "float32" ? new Float32Array(size) : dtype === "int8" ? new Int8Array(size) : new Uint8Array(size);
  const signed = (v: number) => (v >= 2 ** (bits - 1) ? v - 2 ** bits : v);
  for (let i = 0; i < size; i++) {
    const p = pattern(i);
    out[i] = dtype === "float32" ? decodeFloat(p, proto.dataType) : dtype === "int8" ? signed(p) : p;
  }
  return out;
}

interface FloatLayout {
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  /** Which patterns are not finite: IEEE's top exponent, all ones, minus zero, or none. */
  readonly special: "ieee" | "ones" | "minus-zero" | "none";
}

const layouts = new Map<number, FloatLayout>([
  [Type.FLOAT8E4M3FN, { exponent: 4, mantissa: 3, bias: 7, special: "ones" }],
  [Type.FLOAT8E4M3FNUZ, { exponent: 4, mantissa: 3, bias: 8, special: "minus-zero" }],
  [Type.FLOAT8E5M2, { exponent: 5, mantissa: 2, bias: 15, special: "ieee" }],
  [Type.FLOAT8E5M2FNUZ, { exponent: 5, mantissa: 2, bias: 16, special: "minus-zero" }],
  [Type.FLOAT4E2M1, { exponent: 2, mantissa: 1, bias: 1, special: "none" }],
]);

/** A small float's bit pattern as a number (OCP and GraphCore/AMD 8-bit formats, OCP 4-bit format). */
function decodeFloat(pattern: number, type: number): number {
  if (type === Type.FLOAT8E8M0) return pattern === 255 ? Number.NaN : 2 ** (pattern - 127);
  const { exponent, mantissa, bias, special } = layouts.get(type) as FloatLayout;
  const bits = exponent + mantissa;
  const sign = pattern >> bits ? -1 : 1;
  const e = (pattern >> mantissa) & (2 ** exponent - 1);
  const m = pattern & (2 ** mantissa - 1);
  const top = e === 2 ** exponent - 1;
  if (special === "ieee" && top) return m === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (special === "ones" && top && m === 2 ** mantissa - 1) return Number.NaN;
  if (special === "minus-zero" && sign < 0 && e === 0 && m === 0) return Number.NaN;
  const fraction = m / 2 ** mantissa;
  return sign * (e === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (e - bias));
}
