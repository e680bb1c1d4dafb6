import { COSINE, LOGARITHM, SINE } from "./box-muller.ts";
import { M0, M1, W0, W1 } from "./philox.ts";
import * as wasm from "./wasm.ts";

// Philox and Box-Muller once more, for four blocks at a time, in WebAssembly: the same operations in the same order as in
// philox.ts and box-muller.ts, so the same bits, four times as fast. Noise is drawn in every step of every solver.

const { add, and, doubles, get, i32, ints, multiply, select, set, shuffle, subtract, xor } = wasm;

/** Blocks that one call can make: what fits the kernel's memory of 1 MiB. */
const CAPACITY = 65536;

// Parameters of `run`: number of the first block, step, sample, purpose, both words of the key, groups of four blocks.
const [FIRST, STEP, SAMPLE, PURPOSE, KEY0, KEY1, GROUPS, ADDRESS] = [0, 1, 2, 3, 4, 5, 6, 7];
let locals = 8;
const local = (): wasm.Local => locals++;

const [c0, c1, c2, c3, k0, k1, blocks, low0, high0, low1, high1, new0, new2] = Array.from({ length: 13 }, local);
const [value, exponent, mantissa, large, radius, s, z, word, t, sine, cosine, x, y, turned] = Array.from(
  { length: 14 },
  local,
);
const [xa, ya, xb, yb, near, far] = Array.from({ length: 6 }, local);

const all = (n: number) => ints(n, n, n, n);
const both64 = (low: number, high: number) => ints(low, high, low, high);
const SIGN = both64(0, 0x80000000);

const round = [
  ...set(low0, wasm.multiplyLow(get(c0), all(M0))),
  ...set(high0, wasm.multiplyHigh(get(c0), all(M0))),
  ...set(low1, wasm.multiplyLow(get(c2), all(M1))),
  ...set(high1, wasm.multiplyHigh(get(c2), all(M1))),
  // Odd 32-bit lanes are the high words of the products, even ones the low words.
  ...set(new0, xor(xor(shuffle(get(low1), get(high1), [1, 3, 5, 7]), get(c1)), get(k0))),
  ...set(new2, xor(xor(shuffle(get(low0), get(high0), [1, 3, 5, 7]), get(c3)), get(k1))),
  ...set(c1, shuffle(get(low1), get(high1), [0, 2, 4, 6])),
  ...set(c3, shuffle(get(low0), get(high0), [0, 2, 4, 6])),
  ...set(c0, get(new0)),
  ...set(c2, get(new2)),
  ...set(k0, wasm.addInts(get(k0), all(W0))),
  ...set(k1, wasm.addInts(get(k1), all(W1))),
];

function polynomial(coefficients: readonly number[], at: wasm.Code): wasm.Code {
  return coefficients.reduceRight<wasm.Code>(
    (sum, c) => (sum.length === 0 ? doubles(c) : add(doubles(c), multiply(at, sum))),
    [],
  );
}

/** Box-Muller on lanes 0 and 1 of the words a and b; float32 results in lanes 0 and 1 of two locals. */
function boxMuller(a: wasm.Code, b: wasm.Code, toX: wasm.Local, toY: wasm.Local): wasm.Code {
  return [
    // -ln u: the double's own exponent and mantissa are those of the word.
    ...set(value, add(wasm.fromUnsigned(a), doubles(0.5))),
    ...set(exponent, wasm.shiftRight64(get(value), i32(52))),
    ...set(mantissa, wasm.or(and(get(value), both64(-1, 0x000fffff)), both64(0, 0x3ff00000))),
    ...set(large, wasm.greater(get(mantissa), doubles(Math.SQRT2))),
    ...set(mantissa, select(multiply(get(mantissa), doubles(0.5)), get(mantissa), get(large))),
    ...set(exponent, wasm.fromInts(shuffle(get(exponent), get(exponent), [0, 2, 0, 2]))),
    ...set(exponent, subtract(subtract(doubles(1023 + 32), get(exponent)), and(get(large), doubles(1)))),
    ...set(s, wasm.divide(subtract(get(mantissa), doubles(1)), add(get(mantissa), doubles(1)))),
    ...set(z, multiply(get(s), get(s))),
    ...set(
      radius,
      wasm.squareRoot(
        subtract(
          multiply(get(exponent), doubles(Math.LN2)),
          multiply(multiply(doubles(2), get(s)), polynomial(LOGARITHM, get(z))),
        ),
      ),
    ),
    // The angle within its quadrant.
    ...set(word, b),
    ...set(t, add(wasm.fromUnsigned(and(get(word), all(0x3fffffff))), doubles(0.5))),
    ...set(t, multiply(subtract(multiply(get(t), doubles(2 ** -30)), doubles(0.5)), doubles(Math.PI / 2))),
    ...set(z, multiply(get(t), get(t))),
    ...set(sine, multiply(get(t), polynomial(SINE, get(z)))),
    ...set(cosine, polynomial(COSINE, get(z))),
    ...set(x, multiply(get(radius), subtract(get(cosine), get(sine)))),
    ...set(y, multiply(get(radius), add(get(cosine), get(sine)))),
    // The quadrant: bit 30 turns by a quarter, bit 31 by a half.
    ...set(word, shuffle(get(word), get(word), [0, 0, 1, 1])),
    ...set(turned, wasm.equalInts(and(get(word), all(0x40000000)), all(0x40000000))),
    ...set(word, and(get(word), SIGN)),
    ...set(toX, wasm.toFloats(xor(select(xor(get(y), SIGN), get(x), get(turned)), get(word)))),
    ...set(toY, wasm.toFloats(xor(select(get(x), get(y), get(turned)), get(word)))),
  ];
}

/** The numbers of blocks 2h and 2h+1 of the four, in their order. */
function writeHalf(h: 0 | 1): wasm.Code {
  const pick = (words: wasm.Local) => (h === 0 ? get(words) : shuffle(get(words), get(words), [2, 3, 2, 3]));
  return [
    ...boxMuller(pick(c0), pick(c1), xa, ya),
    ...boxMuller(pick(c2), pick(c3), xb, yb),
    ...set(near, shuffle(get(xa), get(ya), [0, 4, 1, 5])),
    ...set(far, shuffle(get(xb), get(yb), [0, 4, 1, 5])),
    ...wasm.store(get(ADDRESS), 32 * h, shuffle(get(near), get(far), [0, 1, 4, 5])),
    ...wasm.store(get(ADDRESS), 32 * h + 16, shuffle(get(near), get(far), [2, 3, 6, 7])),
  ];
}

const program = [
  ...set(blocks, wasm.addInts(wasm.splat(get(FIRST)), ints(0, 1, 2, 3))),
  ...wasm.whileNonZero(GROUPS, [
    ...set(c0, get(blocks)),
    ...[STEP, SAMPLE, PURPOSE].flatMap((from, i) => set([c1, c2, c3][i], wasm.splat(get(from)))),
    ...[KEY0, KEY1].flatMap((from, i) => set([k0, k1][i], wasm.splat(get(from)))),
    ...Array.from({ length: 10 }, () => round).flat(),
    ...writeHalf(0),
    ...writeHalf(1),
    ...set(blocks, wasm.addInts(get(blocks), all(4))),
    ...set(ADDRESS, wasm.addI32(get(ADDRESS), i32(64))),
    ...set(GROUPS, wasm.addI32(get(GROUPS), i32(-1))),
  ]),
];

/** undefined: not tried yet; null: this machine has no vectors. */
let kernel: wasm.Kernel | null | undefined;

/**
 * Fills `out` with the normals of blocks `first`, `first` + 1, … of the counter and key of a stream.
 * @returns false, with `out` untouched, where the kernel cannot run
 */
export function normalsByKernel(
  out: Float32Array,
  first: number,
  counter: readonly number[],
  key: readonly number[],
): boolean {
  kernel ??= wasm.instantiate(wasm.moduleOf(7, 1, locals - 8, CAPACITY / 4096, program)) ?? null;
  if (!kernel) return false;
  const made = new Float32Array(kernel.memory);
  for (let at = 0; at < out.length; at += 4 * CAPACITY) {
    const count = Math.min(out.length - at, 4 * CAPACITY);
    kernel.run(first + at / 4, ...counter, ...key, Math.ceil(count / 16));
    out.set(made.subarray(0, count), at);
  }
  return true;
}
