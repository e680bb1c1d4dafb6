import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Engine } from "../../src/engine/index.ts";
import { TweedieError } from "../../src/errors.ts";
import {
  ModelProtoSchema,
  TensorProtoSchema,
  TensorProto_DataType as Type,
  type ValueInfoProto,
} from "../../src/onnx/generated/onnx_pb.ts";
import { importTensor } from "../../src/onnx/import/tensors.ts";
import { type ImportedModel, importOnnx } from "../../src/onnx/import.ts";
import { isReal } from "../../src/tensor/dtype.ts";
import {
  ancestors,
  type ConstantAttrs,
  castOp,
  constant,
  type DType,
  evaluate,
  fromFloat64,
  type Op,
  type Tensor,
  type TypedArray,
  toFloat64,
  vjp,
} from "../../src/tensor/index.ts";
import type { TestCase } from "./cases.ts";

/** A value of the test data: doubles, and the ONNX type it is stored in. */
interface Known {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly code: number;
}

export interface Imported {
  readonly model: ImportedModel;
  readonly feeds: ReadonlyMap<string, Known>;
  readonly expected: ReadonlyMap<string, Known>;
}

function known(bytes: Uint8Array): Known {
  const proto = fromBinary(TensorProtoSchema, bytes);
  const tensor = importTensor(proto);
  const { data } = tensor.attrs as ConstantAttrs;
  return { data: toFloat64(data, tensor.dtype), shape: tensor.shape, dtype: tensor.dtype, code: proto.dataType };
}

/** The tensor in an OptionalProto (field 3), which stands in the file of an optional input. */
function unwrapped(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 3) return reader.bytes();
    reader.skip(type);
  }
  return undefined;
}

/** Only tensors can be read from the data; sequences and the like stay out, and the importer says why. */
function read(infos: readonly ValueInfoProto[], files: readonly Uint8Array[]): Map<string, Known> {
  const values = new Map<string, Known>();
  infos.forEach((info, i) => {
    const type = info.type?.value;
    const tensor = type?.case === "optionalType" ? type.value.elemType?.value : type;
    const bytes = type === tensor ? files[i] : files[i] && unwrapped(files[i]);
    if (tensor?.case === "tensorType" && tensor.value.elemType !== Type.STRING && bytes)
      values.set(info.name, known(bytes));
  });
  return values;
}

/** Imports a case; inputs on whose values shapes depend become constants, as the importer's message asks. */
export function importCase({ model: bytes, inputs, outputs }: TestCase): Imported {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  const initialized = new Set(graph?.initializer.map((t) => t.name));
  const infos = (graph?.input ?? []).filter((info) => !initialized.has(info.name));
  const feeds = read(infos, inputs);
  const expected = read(graph?.output ?? [], outputs);
  const inputShapes = Object.fromEntries([...feeds].map(([name, v]) => [name, v.shape]));
  const freeze: Record<string, TypedArray> = {};
  for (;;) {
    try {
      return { model: importOnnx(bytes, { inputShapes, freeze }), feeds, expected };
    } catch (error) {
      const asked = error instanceof TweedieError && error.hint?.startsWith("give its value") ? error.hint : "";
      const names = [...asked.matchAll(/"([^"]+)":/g)].map((m) => m[1]).filter((n) => !(n in freeze));
      if (names.length === 0) throw error;
      for (const name of names) {
        const value = feeds.get(name);
        if (!value) throw error;
        freeze[name] = fromFloat64(value.data, value.dtype);
      }
    }
  }
}

/** Relative tolerance: the suite's own, but for bfloat16, which is computed in float32 and has eight bits. */
function tolerance(code: number): number {
  return code === Type.BFLOAT16 ? 2 ** -8 : 1e-3;
}

function compare(name: string, got: ArrayLike<number>, { data, code }: Known): void {
  const rtol = tolerance(code);
  for (let i = 0; i < data.length; i++) {
    const [a, b] = [got[i], data[i]];
    const close = Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-7 + rtol * Math.abs(b);
    if (!close && !(Number.isNaN(a) && Number.isNaN(b)))
      throw new Error(`output ${name}: expected ${b} at ${i}, got ${a}`);
  }
}

/** Shapes and types as in the data. */
export function checkShapes({ model, expected }: Imported): void {
  for (const [name, { shape, dtype }] of expected) {
    const y = model.outputs[name];
    const [own, wanted] = [`${y.dtype} [${y.shape.join(", ")}]`, `${dtype} [${shape.join(", ")}]`];
    if (own !== wanted) throw new Error(`output ${name}: expected ${wanted}, got ${own}`);
  }
}

function feedMap({ model, feeds }: Imported): Map<Tensor, Float64Array> {
  return new Map(Object.entries(model.inputs).map(([name, x]) => [x, feeds.get(name)?.data as Float64Array]));
}

export function checkFloat64(imported: Imported): void {
  const names = [...imported.expected.keys()];
  const values = evaluate(
    names.map((n) => imported.model.outputs[n]),
    feedMap(imported),
  );
  for (const [i, n] of names.entries()) compare(n, values[i].data, imported.expected.get(n) as Known);
}

export async function checkEngine(engine: Engine, { model, feeds, expected }: Imported): Promise<void> {
  const outputs = Object.fromEntries([...expected.keys()].map((n) => [n, model.outputs[n]]));
  const program = await engine.compile({ inputs: model.inputs, outputs });
  try {
    const fed = Object.entries(model.inputs).map(([n, x]) => [n, fromFloat64((feeds.get(n) as Known).data, x.dtype)]);
    const results = await program.run<TypedArray>(Object.fromEntries(fed));
    for (const [n, value] of expected) compare(n, toFloat64(results[n], outputs[n].dtype), value);
  } finally {
    await program.dispose();
  }
}

/** Odd multiples of 1/128 in (-1, 1), exact in every real type and never 0, from a fixed linear congruential generator. */
function noise(n: number, seed: number): Float64Array {
  let s = seed * 2654435761 + 12345;
  return Float64Array.from({ length: n }, () => {
    s = (s * 1664525 + 1013904223) % 4294967296;
    return (Math.floor(s / 33554432) + 0.5) / 64 - 1;
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) if (b[i] !== 0) sum += a[i] * b[i];
  return sum;
};

/** Real inputs and outputs with a path between them that no rounding to half precision breaks. */
export function differentiable({ model, expected }: Imported): { inputs: Tensor[]; outputs: Tensor[] } {
  const inputs = Object.values(model.inputs).filter((x) => isReal(x.dtype) && x.size > 0);
  const outputs = [...expected.keys()]
    .map((n) => model.outputs[n])
    .filter((y) => {
      const nodes = ancestors([y]);
      const rounds = nodes.some((x) => x.op === (castOp as Op) && x.dtype === "float16");
      return isReal(y.dtype) && y.size > 0 && !rounds && inputs.some((x) => nodes.includes(x));
    });
  return { inputs: outputs.length > 0 ? inputs : [], outputs };
}

type Point = ReadonlyMap<Tensor, Float64Array>;

/**
 * The finite inputs, moved: towards zero by up to `shrink` of their size and by up to `shift`. Where the data holds
 * numbers too large for differences (some was never initialised), small ones take their place.
 */
function near(values: Point, inputs: readonly Tensor[], shrink: number, shift: number): Point {
  const point = new Map(values);
  inputs.forEach((x, i) => {
    const [r, s] = [noise(x.size, 11 + i), noise(x.size, 23 + i)];
    const data = values.get(x) as Float64Array;
    point.set(
      x,
      data.map((v, k) => {
        if (!Number.isFinite(v)) return v;
        return Math.abs(v) > 1e6 ? r[k] : v - shrink * (1 + r[k]) * v + shift * s[k];
      }),
    );
  });
  return point;
}

/**
 * The VJP against central differences of the float64 evaluator, in a random direction. The point is moved a little off
 * the data, since examples like to sit on kinks (ReLU at 0, ties of a maximum) and on the border of a domain.
 * Infinite inputs stay where they are, and outputs that are not finite are left out.
 */
export function checkGradient(imported: Imported): void {
  const { inputs, outputs } = differentiable(imported);
  const values = feedMap(imported);
  const positive = new Map([...values].map(([x, data]) => [x, data.map(Math.abs)]));
  const points = [
    near(values, inputs, 0.03, 0.007),
    near(values, inputs, 0.003, -0.0007),
    near(values, inputs, -0.01, 0),
    near(positive, inputs, 0.03, 0.007), // roots and powers of negative data are NaN
  ];
  const seen: string[] = [];
  for (const point of points) {
    const u = outputs.map((y, i) => noise(y.size, 5 + i));
    const v = inputs.map((x, i) => {
      const data = point.get(x) as Float64Array;
      return noise(x.size, 7 + i).map((d, k) => (Number.isFinite(data[k]) ? d : 0));
    });
    const at = (h: number) => {
      const moved = new Map(point);
      inputs.forEach((x, i) => {
        const data = point.get(x) as Float64Array;
        moved.set(
          x,
          data.map((p, k) => p + h * v[i][k]),
        );
      });
      return evaluate(outputs, moved);
    };
    const difference = (h: number) => {
      const [above, below] = [at(h), at(-h)];
      return outputs.reduce((sum, _, i) => {
        const [a, b] = [above[i].data, below[i].data];
        // where the function is not finite it has no derivative
        for (let k = 0; k < a.length; k++) if (!Number.isFinite(a[k]) || !Number.isFinite(b[k])) u[i][k] = 0;
        const rise = a.map((p, k) => (u[i][k] === 0 ? 0 : p - b[k]));
        return sum + dot(rise, u[i]) / (2 * h);
      }, 0);
    };
    const first = difference(1e-6);
    const cotangents = outputs.map((y, i) => constant(u[i], y.shape, y.dtype));
    const pulled = evaluate(vjp(outputs, inputs, cotangents), point).reduce((sum, g, i) => sum + dot(g.data, v[i]), 0);
    const agrees = (d: number) => Math.abs(pulled - d) <= 1e-5 * Math.max(1, Math.abs(d));
    if (agrees(first) || [1e-5, 1e-7, 1e-4].some((h) => agrees(difference(h)))) return;
    seen.push(`${pulled} where differences give ${first}`);
  }
  throw new Error(`gradient: ${seen.join("; ")}`);
}
