import { type DType, fromFloat64, type TypedArray, toFloat64 } from "../dtype.ts";
import type { Op, Spec } from "../op.ts";
import { type Shape, shapeError, show, sizeOf } from "../shape.ts";
import { apply, Tensor } from "../tensor.ts";

/** A placeholder: its value is fed when a program runs. `attrs` is its shape and type. */
export const inputOp: Op<Spec> = {
  name: "input",
  infer: (_, spec) => spec,
  evaluate: () => {
    throw new Error("an input has no value of its own: feed it");
  },
  onnx: () => {
    throw new Error("inputs are declared by the graph writer");
  },
};

export function input(shape: Shape, dtype: DType = "float32"): Tensor {
  return apply(inputOp, [], { shape: [...shape], dtype });
}

export interface ConstantAttrs extends Spec {
  readonly data: TypedArray;
}

export const constantOp: Op<ConstantAttrs> = {
  name: "constant",
  infer(_, { shape, dtype, data }) {
    if (data.length !== sizeOf(shape))
      throw shapeError("constant", `${sizeOf(shape)} elements for shape ${show(shape)}`, `${data.length} elements`);
    return { shape, dtype };
  },
  evaluate: (_, { data, dtype }) => toFloat64(data, dtype),
  onnx: () => {
    throw new Error("constants are declared by the graph writer");
  },
};

type ConstantData = number | bigint | boolean | TypedArray | readonly number[];

/**
 * A constant. A typed array is kept as it is (not copied) and gives the type unless `dtype` names another; plain
 * numbers default to float32. `shape` defaults to `[]` for a number and `[length]` for a list.
 */
export function constant(value: ConstantData, shape?: Shape, dtype?: DType): Tensor {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    const type = dtype ?? (typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "int64" : "float32");
    const dims = shape ?? [];
    const data = fromFloat64(new Float64Array(sizeOf(dims)).fill(Number(value)), scalarType(type));
    return apply(constantOp, [], { data, shape: dims, dtype: type });
  }
  const own = ArrayBuffer.isView(value) ? typeOf(value) : undefined;
  const type = dtype ?? own ?? "float32";
  const keep = own !== undefined && (own === type || carries(own, type));
  const data = keep
    ? (value as TypedArray)
    : fromFloat64(Array.from(value as ArrayLike<number>, Number), scalarType(type));
  return apply(constantOp, [], { data, shape: shape ?? [data.length], dtype: type });
}

// Doubles survive in float32 constants until the graph is compiled, so that the float64 oracle sees 0.1 and not its
// float32 neighbour.
function scalarType(dtype: DType): DType {
  return dtype === "float32" ? "float64" : dtype;
}

/** Arrays that hold another type's elements: bools as bytes, half bit patterns, doubles for float32 constants. */
function carries(own: DType, type: DType): boolean {
  const pairs: Partial<Record<DType, DType>> = { bool: "uint8", float16: "uint16", float32: "float64" };
  return pairs[type] === own;
}

function typeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof BigUint64Array) return "uint64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Uint16Array) return "uint16";
  if (data instanceof Int8Array) return "int8";
  return "uint8";
}

export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return constant(0, shape, dtype);
}

export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return constant(1, shape, dtype);
}

/**
 * Data of a program: evaluates like {@link constant}, but is an input of the compiled graph. Graphs that differ in the values
 * of their parameters alone have one structure, and share one compiled program (masks, blur taps, noise levels, embeddings).
 */
export const parameterOp: Op<ConstantAttrs> = {
  ...constantOp,
  name: "parameter",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
};

/**
 * A parameter: data, not structure. Takes what {@link constant} takes, or a function that gives a number when it is first
 * needed.
 */
export function parameter(value: ConstantData | (() => number), shape?: Shape, dtype?: DType): Tensor {
  const attrsOf = (data: ConstantData) => constant(data, shape, dtype).attrs as ConstantAttrs;
  if (typeof value !== "function") return apply(parameterOp, [], attrsOf(value));
  let data: TypedArray | undefined;
  const lazy = {
    shape: shape ?? [],
    dtype: dtype ?? "float32",
    get data() {
      data ??= attrsOf(value()).data;
      return data;
    },
  };
  return apply(parameterOp, [], lazy);
}

/** The single value of a constant whose elements are all equal, else undefined. */
export function constantValue(x: Tensor): number | undefined {
  if (x.op !== (constantOp as Op)) return undefined;
  const { data } = x.attrs as ConstantAttrs;
  if (data.length === 0) return undefined;
  if (x.size > 1 && data.some((v) => v !== data[0])) return undefined;
  return x.dtype === "float16" ? toFloat64(data.subarray(0, 1) as TypedArray, "float16")[0] : Number(data[0]);
}

/** A number as a constant of the other operand's type; tensors pass through. */
export function asTensor(value: Tensor | number, like?: Tensor): Tensor {
  return value instanceof Tensor ? value : constant(value, [], like?.dtype ?? "float32");
}

export const stopGradientOp: Op = {
  name: "stopGradient",
  infer: ([x]) => x,
  evaluate: ([x]) => x.data,
  onnx: (_, [x]) => x,
};

export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], undefined);
}

/**
 * Identity that leaves a mark in the graph: how often a network is evaluated (`label`) and differentiated
 * (`label` with "'" appended, once per order) is counted from the marks, never by hand.
 */
export const probeOp: Op<{ readonly label: string }> = {
  name: "probe",
  infer: ([x]) => x,
  evaluate: ([x]) => x.data,
  onnx: (_, [x]) => x,
  vjp: ({ attrs, gradient }) => [probe(gradient, `${attrs.label}'`)],
};

export function probe(x: Tensor, label: string): Tensor {
  return apply(probeOp, [x], { label });
}
