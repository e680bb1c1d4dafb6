import { TweedieError } from "../errors.ts";
import { constant, type DType, type Shape, sizeOf, type Tensor, type TypedArray, toFloat64 } from "../tensor/index.ts";

/** A tensor as it lies in a file; `float16` data are bit patterns in a Uint16Array. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Maker = new (buffer: ArrayBuffer) => TypedArray;

const types: Record<string, readonly [DType, Maker] | undefined> = {
  F64: ["float64", Float64Array],
  F32: ["float32", Float32Array],
  F16: ["float16", Uint16Array],
  BF16: ["float32", Uint16Array], // widened below
  I64: ["int64", BigInt64Array],
  I32: ["int32", Int32Array],
  I16: ["int16", Int16Array],
  I8: ["int8", Int8Array],
  U64: ["uint64", BigUint64Array],
  U32: ["uint32", Uint32Array],
  U16: ["uint16", Uint16Array],
  U8: ["uint8", Uint8Array],
  BOOL: ["bool", Uint8Array],
};

const elementBytes: Record<DType, number> = {
  float64: 8,
  int64: 8,
  uint64: 8,
  float32: 4,
  int32: 4,
  uint32: 4,
  float16: 2,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/**
 * Reads a safetensors file: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
 * @param source the file's name, for messages
 * @throws invalid-model for anything that is not a whole, consistent file
 */
export function readSafetensors(bytes: Uint8Array, source: string): Safetensors {
  const { header, start } = readHeader(bytes, source);
  const tensors = new Map<string, StoredTensor>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = readMetadata(value, source);
    else tensors.set(name, readTensor(bytes.subarray(start), name, value, source));
  }
  return { tensors, metadata };
}

function invalid(source: string, expected: string, got: string, cause?: unknown): TweedieError {
  return new TweedieError("invalid-model", { what: source, expected, got, cause });
}

function readHeader(bytes: Uint8Array, source: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw invalid(source, "a safetensors file", `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8))
    throw invalid(source, "a whole safetensors file", `a header of ${length} bytes in a file of ${bytes.length}`);
  const start = 8 + Number(length);
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
    if (isRecord(header)) return { header, start };
  } catch (cause) {
    throw invalid(source, "a safetensors header in JSON", "no JSON", cause);
  }
  throw invalid(source, "a safetensors header", "another kind of JSON value");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, source: string): Record<string, string> {
  if (isRecord(value) && Object.values(value).every((v) => typeof v === "string"))
    return value as Record<string, string>;
  throw invalid(source, "metadata of texts", JSON.stringify(value).slice(0, 80));
}

const isCount = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v) && v >= 0;

function readTensor(body: Uint8Array, name: string, value: unknown, source: string): StoredTensor {
  const where = `${source}, tensor ${name}`;
  const entry = isRecord(value) ? value : {};
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = typeof dtype === "string" ? types[dtype] : undefined;
  if (!type) throw invalid(where, `one of the types ${Object.keys(types).join(", ")}`, String(dtype));
  if (!Array.isArray(shape) || !shape.every(isCount)) throw invalid(where, "a shape", JSON.stringify(shape));
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw invalid(where, "two data offsets", JSON.stringify(offsets));
  const [from, to] = offsets as [number, number];
  if (to > body.length)
    throw invalid(where, `data up to byte ${to}`, `only ${body.length} bytes`, "the file is cut short");
  const [kind, Maker] = type;
  const width = dtype === "BF16" ? 2 : elementBytes[kind];
  if (to - from !== sizeOf(shape) * width)
    throw invalid(where, `${sizeOf(shape) * width} bytes for ${dtype} [${shape.join(", ")}]`, `${to - from}`);
  const data = new Maker(new Uint8Array(body.subarray(from, to)).buffer); // a copy: typed arrays need aligned bytes
  return { dtype: kind, shape, data: dtype === "BF16" ? widen(data as Uint16Array) : data };
}

/** bfloat16 is the upper half of a float32. */
function widen(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (h) => h << 16).buffer);
}

let halfValues: Float32Array | undefined;

/** The values as float32; half-precision bit patterns are decoded. */
export function toFloat32({ data, dtype }: StoredTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16" && data instanceof Uint16Array) {
    halfValues ??= Float32Array.from(
      toFloat64(
        Uint16Array.from({ length: 65536 }, (_, i) => i),
        "float16",
      ),
    );
    const table = halfValues;
    const out = new Float32Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = table[data[i]];
    return out;
  }
  return Float32Array.from(toFloat64(data, dtype));
}

/** A stored tensor as a float32 constant of a graph. */
export function weight(stored: StoredTensor): Tensor {
  return constant(toFloat32(stored), stored.shape);
}
