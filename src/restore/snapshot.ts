import { TweedieError } from "../errors.ts";
import type { Counts, RoundTrip, Snapshot } from "../solvers/index.ts";
import type { MosaicParts } from "./tiles.ts";

/** A restoration between two steps as plain data: enough to go on from there, to the same bytes. */
export interface RestoreSnapshot {
  /** Names the restoration: it goes on with the same request alone. */
  readonly key: string;
  readonly tileSize: number;
  /** Which sample and which tile are under way, from 0. */
  readonly sample: number;
  readonly tile: number;
  /** The samples that are finished, [-1, 1] in the prior's channels. */
  readonly finished: readonly Float32Array[];
  /** The tiles of this sample that are finished. */
  readonly mosaic: MosaicParts;
  readonly totals: TotalsData;
  /** The tile under way. */
  readonly solver: Snapshot;
}

/** What the runs of a restoration add up to. */
export interface TotalsData {
  readonly counts: Counts;
  readonly steps: number;
  readonly compileSeconds: number;
  /** Squares, of the first sample. */
  readonly residual: number;
  readonly expected: number;
  readonly roundTrips: readonly RoundTrip[];
}

const magic = "tweedie snapshot 1";

/** One line of JSON, in which arrays are [first, length] of the numbers that follow (little-endian float32). */
export function encodeSnapshot(snapshot: RestoreSnapshot): Uint8Array<ArrayBuffer> {
  const arrays: Float32Array[] = [];
  let count = 0;
  const header = JSON.stringify([magic, snapshot], (_, value: unknown) => {
    if (!(value instanceof Float32Array)) return value;
    arrays.push(value);
    count += value.length;
    return { float32: [count - value.length, value.length] };
  });
  const text = new TextEncoder().encode(`${header}\n`);
  const start = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(start + 4 * count).fill(32, 0, start);
  bytes.set(text);
  const numbers = new Float32Array(bytes.buffer, start);
  let at = 0;
  for (const array of arrays) {
    numbers.set(array, at);
    at += array.length;
  }
  return bytes;
}

/** @throws {TweedieError} unreadable-file: the bytes are no snapshot */
export function decodeSnapshot(bytes: Uint8Array): RestoreSnapshot {
  const end = bytes.indexOf(10);
  try {
    const start = Math.ceil((end + 1) / 4) * 4;
    const numbers = new Float32Array(Uint8Array.from(bytes.subarray(start)).buffer); // a copy: bytes may lie anywhere
    const [mark, snapshot] = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)), (_, value) => {
      const [first, length] = (value as { float32?: [number, number] } | null)?.float32 ?? [];
      if (first === undefined || length === undefined) return value;
      if (first + length > numbers.length) throw new Error("too short");
      return numbers.slice(first, first + length);
    }) as [string, RestoreSnapshot];
    if (mark === magic) return snapshot;
  } catch {} // said below
  const expected = "a snapshot of a restoration by this version";
  throw new TweedieError("unreadable-file", { what: "snapshot", expected, got: `${bytes.length} other bytes` });
}
