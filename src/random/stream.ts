import { TweedieError } from "../errors.ts";
import { philox4x32 } from "./philox.ts";

/** The name of a stream of random numbers. Different names give independent streams; equal names the same numbers. */
export interface Stream {
  /** The user's seed, a whole number in [0, 2^53]. */
  readonly seed: number;
  /** Which of the pictures made from one seed, in [0, 2^32); 0 by default. */
  readonly sample?: number;
  /** Which step of the run, in [0, 2^32); 0 by default. */
  readonly step?: number;
  /** What the numbers are for ("start", "noise", "probe"): one stream a purpose, so that uses never share numbers. */
  readonly purpose: string;
}

/** A stream's place in Philox: the counter of block b is (b, ...counter). */
export interface Place {
  readonly counter: readonly [step: number, sample: number, purpose: number];
  readonly key: readonly [low: number, high: number];
}

/**
 * Key `(seed mod 2^32, floor(seed / 2^32))` and counter `(block, step, sample, fnv1a(purpose))`.
 * This mapping is part of the file format of manifests: it never changes.
 */
export function placeOf({ seed, sample = 0, step = 0, purpose }: Stream): Place {
  check("seed", seed, 2 ** 53);
  check("sample", sample, 2 ** 32 - 1);
  check("step", step, 2 ** 32 - 1);
  return { counter: [step, sample, fnv1a(purpose)], key: [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] };
}

/** The first `4·blocks` random words of a stream: word 4b + i is output i of Philox4x32-10 for block b. */
export function words(stream: Stream, blocks: number): Uint32Array {
  const {
    counter: [step, sample, purpose],
    key: [low, high],
  } = placeOf(stream);
  check("number of blocks", blocks, 2 ** 32);
  const out = new Uint32Array(4 * blocks);
  for (let b = 0; b < blocks; b++) philox4x32(out, 4 * b, b, step, sample, purpose, low, high);
  return out;
}

/** FNV-1a, 32 bits, of the UTF-8 bytes of a text (Fowler, Noll, Vo; RFC 9923). */
export function fnv1a(data: string | Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of typeof data === "string" ? new TextEncoder().encode(data) : data)
    hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Checks a count or a part of a stream's name. */
export function check(what: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new TweedieError("invalid-option", {
      what,
      expected: `a whole number from 0 to ${max}`,
      got: String(value),
    });
}
