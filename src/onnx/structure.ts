import {
  ancestors,
  type ConstantAttrs,
  constantOp,
  inputOp,
  type Op,
  parameterOp,
  type Tensor,
  type TypedArray,
} from "../tensor/index.ts";
import { bytesOf } from "./proto.ts";
import type { GraphOptions } from "./write.ts";

/** The parameters that outputs depend on, in an order that is the same for graphs of one structure. */
export function parametersOf(outputs: Readonly<Record<string, Tensor>>): Tensor[] {
  return ancestors(Object.values(outputs)).filter((x) => x.op === (parameterOp as Op));
}

/**
 * What a program is, apart from what it is fed: two graphs with equal structures differ in nothing but the values of their
 * parameters. It is derived from the graph itself, so that a program can never serve a graph that it was not made for.
 * Constants count by their content, which is read once for each array.
 */
export function structureOf({ inputs, outputs, optional = [], contrib = false }: GraphOptions): string {
  const number = new Map<Tensor, number>();
  const lines: string[] = [contrib ? "contrib" : "", ...optional];
  for (const x of ancestors(Object.values(outputs))) {
    lines.push(`${x.op.kind ?? opNumber(x.op)}(${x.inputs.map((y) => number.get(y)).join()})${attributes(x)}`);
    number.set(x, number.size);
  }
  for (const [name, x] of Object.entries(inputs)) lines.push(`<${name}:${spec(x)}=${number.get(x) ?? ""}`);
  for (const [name, y] of Object.entries(outputs)) lines.push(`>${name}=${number.get(y)}`);
  return lines.join("\n");
}

const opNumbers = new WeakMap<Op, number>();
let nextOp = 0;

/** Ops count by identity: a name does not make two ops the same. */
function opNumber(op: Op): number {
  const known = opNumbers.get(op);
  if (known !== undefined) return known;
  opNumbers.set(op, nextOp);
  return nextOp++;
}

const spec = ({ dtype, shape }: Tensor) => `${dtype}[${shape.join()}]`;

function attributes(x: Tensor): string {
  if (x.op === (inputOp as Op) || x.op === (parameterOp as Op)) return spec(x);
  if (x.op === (constantOp as Op)) return `${spec(x)}${digest((x.attrs as ConstantAttrs).data)}`;
  return x.attrs === undefined ? "" : JSON.stringify(x.attrs, exactly);
}

/** JSON has no infinities. */
function exactly(_: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "function" || ArrayBuffer.isView(value))
    throw new Error("an op's attributes are plain data: numbers, strings and lists of them");
  return value;
}

const digests = new WeakMap<TypedArray, string>();

/** Short arrays as they are, longer ones as 64 bits of hash. */
function digest(data: TypedArray): string {
  if (data.length <= 4) return `${data.constructor.name}:${data.join()}`;
  const known = digests.get(data);
  if (known) return known;
  const bytes = bytesOf(data);
  const result = `${data.constructor.name}:${bytes.length}:${hash(bytes)}`;
  digests.set(data, result);
  return result;
}

/** Two 32-bit lanes of multiply-and-xor with MurmurHash3's constants and finalizer. */
function hash(bytes: Uint8Array): string {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  let a = 0x9747b28c;
  let b = 0x3c6ef372;
  const mix = (word: number) => {
    const k = Math.imul(word, 0xcc9e2d51);
    a = Math.imul(a ^ ((k << 15) | (k >>> 17)), 0x1b873593);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ word, 0x85ebca6b);
    b ^= b >>> 13;
  };
  for (let i = 0; i < words.length; i++) mix(words[i]);
  for (let i = words.length * 4; i < aligned.length; i++) mix(aligned[i]);
  return `${final(a ^ aligned.length).toString(16)}${final(b ^ a).toString(16)}`;
}

function final(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
