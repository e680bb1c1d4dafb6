import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TweedieError } from "../errors.ts";
import { type DType, fromFloat64, type OnnxAttribute, onnxType, type TypedArray } from "../tensor/index.ts";
import { type Shape, show, sizeOf } from "../tensor/shape.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./generated/onnx_pb.ts";

export type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto };
export { AttributeType };

/** The operator set of the models we write. */
export const writtenOpset = 21;

const dtypeOfCode = new Map(Object.entries(onnxType).map(([dtype, code]) => [code, dtype as DType]));

/** The element type of an ONNX data type code; undefined for those we do not hold (strings, complex, 8-bit floats). */
export function dtypeOf(code: number): DType | undefined {
  return dtypeOfCode.get(code);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  const sizes: Partial<Record<DType, number>> = { float64: 8, int64: 8, uint64: 8, float32: 4, int32: 4, uint32: 4 };
  return sizes[dtype] ?? (dtype === "float16" || dtype === "int16" || dtype === "uint16" ? 2 : 1);
}

/** A view of `bytes` as elements of `dtype`; copied when the offset is not aligned. */
export function viewAs(bytes: Uint8Array, dtype: DType): TypedArray {
  const size = bytesPerElement(dtype);
  const { buffer, byteOffset, byteLength } = aligned(bytes, size);
  const n = Math.floor(byteLength / size);
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, n);
    case "float64":
      return new Float64Array(buffer, byteOffset, n);
    case "int64":
      return new BigInt64Array(buffer, byteOffset, n);
    case "uint64":
      return new BigUint64Array(buffer, byteOffset, n);
    case "int32":
      return new Int32Array(buffer, byteOffset, n);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, n);
    case "int16":
      return new Int16Array(buffer, byteOffset, n);
    case "uint16":
    case "float16":
      return new Uint16Array(buffer, byteOffset, n);
    case "int8":
      return new Int8Array(buffer, byteOffset, n);
    default:
      return new Uint8Array(buffer, byteOffset, n);
  }
}

function aligned(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : new Uint8Array(bytes); // `slice` of a Node Buffer would not copy
}

/** The little-endian bytes of a typed array (a view, not a copy). */
export function bytesOf(data: TypedArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

export function decodeModel(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new TweedieError("invalid-model", {
      message: `the file is not an ONNX model: ${cause instanceof Error ? cause.message : String(cause)}`,
      expected: "an ONNX ModelProto",
      got: `${bytes.length} bytes that do not decode`,
      cause,
    });
  }
}

/**
 * The bytes of a model. Each large initializer is copied once, straight to its place, where the protobuf writer would copy it
 * at every level of nesting: it follows as a graph of its own, which by the rules of protobuf is merged into the first.
 */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  const all = model.graph?.initializer ?? [];
  const large = all.filter((t) => t.rawData.length >= 4096);
  const small = all.filter((t) => t.rawData.length < 4096);
  const graph = model.graph && { ...model.graph, initializer: small };
  const parts: Uint8Array[] = [toBinary(ModelProtoSchema, { ...model, graph })];
  for (const tensor of large) {
    const fields = toBinary(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(0) });
    const data = [fields, lengthDelimited(9, tensor.rawData.length), tensor.rawData]; // TensorProto.raw_data
    const initializer = lengthDelimited(5, total(data)); // GraphProto.initializer
    parts.push(lengthDelimited(7, initializer.length + total(data)), initializer, ...data); // ModelProto.graph
  }
  const out = new Uint8Array(total(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const total = (parts: readonly Uint8Array[]) => parts.reduce((n, p) => n + p.length, 0);

/** The head of a protobuf field of `length` bytes. */
function lengthDelimited(field: number, length: number): Uint8Array {
  const bytes = [field * 8 + 2];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

/** Where the bytes of an externally stored tensor are. */
export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  /** Undefined: to the end of what the tensor's type and shape need. */
  readonly length?: number;
}

/** The file that holds a tensor's bytes, or undefined when they are in the model. */
export function externalLocation(tensor: TensorProto): ExternalLocation | undefined {
  if (tensor.dataLocation !== DataLocation.EXTERNAL) return undefined;
  const entry = (key: string) => tensor.externalData.find((e) => e.key === key)?.value;
  const length = entry("length");
  return {
    location: entry("location") ?? "",
    offset: Number(entry("offset") ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

export interface DecodedTensor {
  readonly data: TypedArray;
  readonly shape: number[];
  readonly dtype: DType;
}

/**
 * The elements of a TensorProto, whichever of its fields holds them. Raw bytes are viewed, not copied, where aligned.
 * @throws invalid-model when type, shape and data do not fit together; missing-file when the data lie outside the model
 */
export function decodeTensor(tensor: TensorProto): DecodedTensor {
  const dtype = dtypeOf(tensor.dataType);
  const name = tensor.name || "(unnamed)";
  if (!dtype)
    throw new TweedieError("invalid-model", {
      message: `tensor ${name}: expected a numeric element type, got ONNX type ${tensor.dataType}`,
    });
  const shape = tensor.dims.map(Number);
  const size = sizeOf(shape);
  const raw = rawBytes(tensor);
  const data = raw.length > 0 ? viewAs(raw, dtype) : fromFields(tensor, dtype);
  if (data.length !== size)
    throw new TweedieError("invalid-model", {
      message: `tensor ${name}: expected ${size} ${dtype} elements for shape ${show(shape)}, got ${data.length}`,
    });
  return { data, shape, dtype };
}

/** The raw bytes of a tensor; none where its elements are in typed fields. @throws missing-file: they lie outside the model */
export function rawBytes(tensor: TensorProto): Uint8Array {
  const at = externalLocation(tensor);
  if (!at) return tensor.rawData;
  throw new TweedieError("missing-file", {
    message: `tensor ${tensor.name || "(unnamed)"}: its data lies in the file ${at.location}, which is not given`,
    expected: at.location,
    hint: "load the model by its path, with the data file beside it",
  });
}

function fromFields(tensor: TensorProto, dtype: DType): TypedArray {
  switch (dtype) {
    case "float32":
      return Float32Array.from(tensor.floatData);
    case "float64":
      return Float64Array.from(tensor.doubleData);
    case "int64":
      return BigInt64Array.from(tensor.int64Data);
    case "uint64":
      return BigUint64Array.from(tensor.uint64Data);
    case "uint32":
      return Uint32Array.from(tensor.uint64Data, Number);
    case "float16":
      return Uint16Array.from(tensor.int32Data); // bit patterns
    default:
      return fromFloat64(tensor.int32Data, dtype);
  }
}

/** A TensorProto whose elements are raw bytes inside the model (viewed, not copied, until it is encoded). */
export function encodeTensor(name: string, data: TypedArray, shape: Shape, dtype: DType): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: onnxType[dtype],
    dims: shape.map(BigInt),
    rawData: bytesOf(data),
  });
}

/** A TensorProto whose elements lie in another file. */
export function encodeExternalTensor(name: string, shape: Shape, dtype: DType, at: ExternalLocation): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  const length = at.length ?? sizeOf(shape) * bytesPerElement(dtype);
  return create(TensorProtoSchema, {
    name,
    dataType: onnxType[dtype],
    dims: shape.map(BigInt),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [entry("location", at.location), entry("offset", String(at.offset)), entry("length", String(length))],
  });
}

/** Declares a tensor's name, type and, where known, shape. */
export function encodeValueInfo(name: string, dtype: DType, shape?: Shape): ValueInfoProto {
  const dims = shape?.map((d) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(d) } }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: onnxType[dtype],
    shape: dims && create(TensorShapeProtoSchema, { dim: dims }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}

export function encodeAttribute(name: string, value: OnnxAttribute | { g: GraphProto }): AttributeProto {
  if ("g" in value) return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value.g });
  if ("i" in value) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.i) });
  if ("f" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.f });
  if ("s" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.s) });
  if ("ints" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] });
}

export function encodeNode(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute | { g: GraphProto }>> = {},
  domain = "",
): NodeProto {
  return create(NodeProtoSchema, {
    name: outputs[0],
    opType: type,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}
