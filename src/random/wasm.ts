// As much of a WebAssembly assembler as the random kernel needs: an expression is the list of bytes that leaves its value on the
// stack, so that nesting calls nests expressions. Opcodes: WebAssembly core specification 2.0, section 5.4 (vector instructions).

export type Code = readonly number[];

/** A local variable of the function under construction. */
export type Local = number;

function unsigned(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

function signed(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127];
    bytes.push((rest & 127) | 128);
  }
}

const vector =
  (opcode: number) =>
  (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];

export const get = (local: Local): Code => [0x20, ...unsigned(local)];
export const set = (local: Local, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const addI32 = (a: Code, b: Code): Code => [...a, ...b, 0x6a];

// 128-bit vectors: four 32-bit integers (i32x4), two 64-bit integers (i64x2) or two doubles (f64x2).
export const splat = vector(17); // i32 to i32x4
export const and = vector(78);
export const or = vector(80);
export const xor = vector(81);
/** Bits of the first operand where the mask (third) is set, of the second elsewhere. */
export const select = vector(82);
export const equalInts = vector(55);
export const addInts = vector(174);
/** i64x2 shifted right by an i32. */
export const shiftRight64 = vector(205);
/** 64-bit products of the unsigned lanes 0 and 1. */
export const multiplyLow = vector(222);
/** Of lanes 2 and 3. */
export const multiplyHigh = vector(223);
export const add = vector(240);
export const subtract = vector(241);
export const multiply = vector(242);
export const divide = vector(243);
export const squareRoot = vector(239);
export const greater = vector(74);
/** Lanes 0 and 1 of signed i32x4 as doubles. */
export const fromInts = vector(254);
/** Of unsigned i32x4. */
export const fromUnsigned = vector(255);
/** Doubles rounded to float32, in lanes 0 and 1. */
export const toFloats = vector(94);

/** Four 32-bit lanes picked from a (0 … 3) and b (4 … 7). */
export function shuffle(a: Code, b: Code, lanes: readonly number[]): Code {
  return [...a, ...b, 0xfd, 13, ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3])];
}

/** The same double in both lanes. */
export function doubles(value: number): Code {
  return [0x44, ...new Uint8Array(Float64Array.of(value).buffer), 0xfd, 20];
}

/** A constant i32x4. */
export function ints(a: number, b: number, c: number, d: number): Code {
  return [0xfd, 12, ...new Uint8Array(Int32Array.of(a, b, c, d).buffer)];
}

/** Writes a vector at address + offset (bytes). */
export function store(address: Code, offset: number, value: Code): Code {
  return [...address, ...value, 0xfd, 11, 4, ...unsigned(offset)];
}

/** Repeats a body, which counts the local down, until it is zero. */
export function whileNonZero(counter: Local, body: Code): Code {
  return [0x02, 0x40, 0x03, 0x40, ...get(counter), 0x45, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b];
}

/**
 * A module that exports one function, `run`, of i32 parameters and no result, and its `memory`.
 * @param integers number of i32 locals beyond the parameters; @param vectors number of v128 locals after them
 */
export function moduleOf(parameters: number, integers: number, vectors: number, pages: number, body: Code): Uint8Array {
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const code = [2, ...unsigned(integers), 0x7f, ...unsigned(vectors), 0x7b, ...body, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(0x7f), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, [2, ...name("run"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

interface Host {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

export interface Kernel {
  readonly run: (...parameters: number[]) => void;
  readonly memory: ArrayBuffer;
}

/** Compiles a module of {@link moduleOf}; undefined where the machine has no WebAssembly with vectors. */
export function instantiate(bytes: Uint8Array): Kernel | undefined {
  const host = (globalThis as { readonly WebAssembly?: Host }).WebAssembly;
  if (!host?.validate(bytes)) return undefined;
  const { run, memory } = new host.Instance(new host.Module(bytes)).exports;
  return { run: run as Kernel["run"], memory: (memory as { readonly buffer: ArrayBuffer }).buffer };
}
