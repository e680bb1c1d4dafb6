/** Element types. Real arithmetic is written for `float32`; the float64 evaluator computes every real type in double precision. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** The typed arrays that carry tensor elements outside the graph. `float16` travels as its bit pattern (Uint16Array). */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export function isReal(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16";
}

const ranges: Partial<Record<DType, [bits: number, signed: boolean]>> = {
  int32: [32, true],
  int16: [16, true],
  int8: [8, true],
  uint32: [32, false],
  uint16: [16, false],
  uint8: [8, false],
};

/** Brings a double to the values that `dtype` can hold: truncation and two's-complement wrap for integers, 0/1 for bool. */
export function coerce(value: number, dtype: DType): number {
  if (isReal(dtype)) return value;
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  const whole = Math.trunc(value);
  const range = ranges[dtype];
  if (!range) return whole; // 64-bit integers: exact up to 2^53 in the evaluator
  const [bits, signed] = range;
  const modulus = 2 ** bits;
  const wrapped = ((whole % modulus) + modulus) % modulus;
  return signed && wrapped >= modulus / 2 ? wrapped - modulus : wrapped;
}

/** The double values of a typed array; `float16` bit patterns are decoded. */
export function toFloat64(data: TypedArray, dtype: DType): Float64Array {
  if (data instanceof Float64Array) return data;
  const out = new Float64Array(data.length);
  if (dtype === "float16" && data instanceof Uint16Array) {
    for (let i = 0; i < out.length; i++) out[i] = decodeHalf(data[i]);
  } else {
    for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  }
  return out;
}

/** The typed array that holds `values` as `dtype` (integers are coerced, halves encoded). */
export function fromFloat64(values: ArrayLike<number>, dtype: DType): TypedArray {
  const n = values.length;
  if (dtype === "float32") return Float32Array.from(values);
  if (dtype === "float64") return Float64Array.from(values);
  if (dtype === "int64" || dtype === "uint64") {
    const out = dtype === "int64" ? new BigInt64Array(n) : new BigUint64Array(n);
    for (let i = 0; i < n; i++) out[i] = BigInt(Math.trunc(values[i]));
    return out;
  }
  if (dtype === "float16") {
    const out = new Uint16Array(n);
    for (let i = 0; i < n; i++) out[i] = encodeHalf(values[i]);
    return out;
  }
  const make = {
    int32: Int32Array,
    int16: Int16Array,
    int8: Int8Array,
    uint32: Uint32Array,
    uint16: Uint16Array,
    uint8: Uint8Array,
    bool: Uint8Array,
  }[dtype];
  const out = new make(n);
  for (let i = 0; i < n; i++) out[i] = coerce(values[i], dtype);
  return out;
}

/** IEEE 754 binary16 bit pattern to a double. */
export function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 bit patterns, the upper halves of float32, as their values. */
export function fromBfloat16(patterns: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(patterns, (p) => p << 16).buffer);
}

/** A double to the nearest IEEE 754 binary16 bit pattern (ties to even). */
export function encodeHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const e = magnitude < 2 ** exponent ? exponent - 1 : magnitude >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  return sign | (((e + 15) << 10) + roundEven((magnitude / 2 ** e - 1) * 1024));
}

/** Rounds half to even, as IEEE and ONNX `Round` do. */
export function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
