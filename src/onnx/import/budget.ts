import { TweedieError } from "../../errors.ts";

/*
 * What an import may cost. A few bytes of a model can ask for any amount of work: functions that call functions twice, a
 * range of 10⁹ numbers. All of it is counted before it is done.
 */

/** Nodes that are written out, those of functions and loops each time. */
export const MOST_NODES = 200_000;
/** Elements of one result of a node. */
export const MOST_ELEMENTS = 2 ** 31;
/** Elements that the import itself works out. */
export const MOST_ON_HOST = 2 ** 24;
/** Entries of the matrix by which an axis is resized. */
export const MOST_IN_MATRIX = 2 ** 26;

/** @throws {TweedieError} too-large: more than the limit, or no count at all */
export function affordable(count: number, limit: number, what: string): void {
  if (count >= 0 && count <= limit) return;
  const expected = `at most ${limit}`;
  throw new TweedieError("too-large", {
    message: `expected ${expected} ${what}, got ${count}`,
    expected,
    got: String(count),
  });
}
