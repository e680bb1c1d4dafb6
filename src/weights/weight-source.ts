import { constant, type DType, type Shape, type Tensor, type TypedArray, toFloat64 } from "../tensor/index.ts";

/** What is known of a stored tensor before its values are read. */
export interface WeightEntry {
  /** Of the values that `read` gives; bfloat16 is stored in half the bytes and read as float32. */
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor as it lies in a file; `float16` data are bit patterns in a Uint16Array. */
export interface StoredTensor extends WeightEntry {
  readonly data: TypedArray;
}

/** Named tensors whose values are read one by one: a safetensors file, a map in memory. */
export interface WeightSource {
  /** How messages call it: the file's name. */
  readonly name: string;
  names(): Iterable<string>;
  entry(name: string): WeightEntry | undefined;
  /** @throws {TweedieError} invalid-model: no such tensor; unreadable-file; aborted */
  read(name: string, signal?: AbortSignal): Promise<StoredTensor>;
}

let halfValues: Float32Array | undefined;

/** The values as float32; half-precision bit patterns are decoded. */
export function toFloat32({ data, dtype }: StoredTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype !== "float16" || !(data instanceof Uint16Array)) return Float32Array.from(toFloat64(data, dtype));
  halfValues ??= Float32Array.from(
    toFloat64(
      Uint16Array.from({ length: 65536 }, (_, i) => i),
      "float16",
    ),
  );
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = halfValues[data[i]];
  return out;
}

/** A stored tensor as a float32 constant of a graph. */
export function weight(stored: StoredTensor): Tensor {
  return constant(toFloat32(stored), stored.shape);
}
