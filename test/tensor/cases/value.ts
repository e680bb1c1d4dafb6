import fc from "fast-check";
import type { DType, Tensor } from "../../../src/tensor/index.ts";

/** A random input of a function under test. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  readonly dtype: DType;
}

/** A function of tensors with random attributes, and random inputs for it. */
export interface Problem {
  readonly inputs: readonly Value[];
  readonly build: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** Attributes, for the message of a failure. */
  readonly note?: string;
}

/** Generators by the name of the function that they exercise. */
export type Cases = Record<string, fc.Arbitrary<Problem>>;

/**
 * `signed` keeps 0.2 away from 0, `positive` too; `unit` is (-0.9, 0.9); `distinct` values differ by 0.01 at least, so that
 * no step of a difference quotient changes which one is largest.
 */
export type Domain = "signed" | "positive" | "unit" | "distinct" | "large" | readonly [number, number];

function stream(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0; // mulberry32
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function values(n: number, domain: Domain, seed: number): Float64Array {
  const next = stream(seed);
  if (domain === "distinct") {
    const out = Float64Array.from({ length: n }, (_, i) => (i - n / 2) * 0.02 + next() * 0.01 + 0.013);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }
  const draw = () => {
    if (typeof domain === "object") return domain[0] + (domain[1] - domain[0]) * next();
    if (domain === "unit") return 1.8 * next() - 0.9;
    const magnitude = 0.2 + (domain === "large" ? 8 : 1.6) * next();
    return domain === "positive" || next() < 0.5 ? magnitude : -magnitude;
  };
  return Float64Array.from({ length: n }, draw);
}

const seed = fc.integer({ min: 0, max: 2 ** 31 });
const extent = fc.integer({ min: 1, max: 4 });

/** Shapes of rank `minRank` to `maxRank`; now and then an axis is empty unless `filled`. */
export function shapes(minRank = 0, maxRank = 4, filled = false): fc.Arbitrary<number[]> {
  const axis = filled ? extent : fc.oneof({ weight: 30, arbitrary: extent }, { weight: 1, arbitrary: fc.constant(0) });
  return fc.array(axis, { minLength: minRank, maxLength: maxRank });
}

export function value(shape: fc.Arbitrary<readonly number[]>, domain: Domain = "signed"): fc.Arbitrary<Value> {
  return fc
    .tuple(shape, seed)
    .map(([s, k]) => ({ shape: s, data: values(size(s), domain, k), dtype: "float32" as const }));
}

export const fixed = (shape: readonly number[], domain: Domain = "signed") => value(fc.constant(shape), domain);

/** Whole numbers in [low, high). */
export function integers(shape: readonly number[], low: number, high: number, dtype: DType = "int64") {
  return seed.map((k) => ({ shape, data: values(size(shape), [low, high], k).map(Math.floor), dtype }));
}

export const bools = (shape: readonly number[]) => integers(shape, 0, 2, "bool");

export function size(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Two shapes that broadcast together: some axes of a common shape become 1 or, in front, vanish. */
export const broadcastable: fc.Arbitrary<[number[], number[]]> = shapes().chain((full) => {
  const thinner = fc
    .tuple(fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }), fc.nat({ max: full.length }))
    .map(([ones, drop]) => full.map((d, i) => (ones[i] ? 1 : d)).slice(Math.min(drop, 2)));
  return fc.oneof(
    fc.tuple(fc.constant(full), thinner),
    fc.tuple(thinner, fc.constant(full)),
    fc.tuple(thinner, thinner),
  );
});

export const axisOf = (rank: number) => fc.integer({ min: -rank, max: rank - 1 });

export const axesOf = (rank: number) =>
  fc.option(
    fc.subarray(
      Array.from({ length: rank }, (_, i) => i),
      { minLength: 1 },
    ),
    { nil: undefined },
  );

/** A function of one tensor without attributes. */
export function simple(
  build: (x: Tensor) => Tensor,
  domain: Domain = "signed",
  shape: fc.Arbitrary<number[]> = shapes(),
): fc.Arbitrary<Problem> {
  return value(shape, domain).map((x) => ({ inputs: [x], build }));
}
