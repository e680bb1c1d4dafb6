import { TweedieError } from "../errors.ts";
import type { OperatorSpec } from "../operators/index.ts";

/** "1/3 h", "0.25 w": a part of the picture's height or width, in whole pixels. */
const part = /^(\d*\.?\d+)(?:\/(\d*\.?\d+))? ?([hw])$/;

/**
 * An operator's options with the parts of the picture made pixels, so that one task serves pictures of all sizes.
 * @throws TweedieError `invalid-option` for a part that is more than the whole
 */
export function placeSpec(spec: OperatorSpec, height: number, width: number): OperatorSpec {
  return place(spec, height, width) as OperatorSpec;
}

function place(value: unknown, height: number, width: number): unknown {
  if (Array.isArray(value)) return value.map((v) => place(v, height, width));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, place(v, height, width)]));
  const match = typeof value === "string" ? part.exec(value) : null;
  if (!match) return value;
  const share = Number(match[1]) / Number(match[2] ?? 1);
  if (!(share <= 1))
    throw new TweedieError("invalid-option", {
      what: "part of a picture",
      expected: 'at most the whole, such as "1/3 h"',
      got: String(value),
    });
  return Math.round(share * (match[3] === "h" ? height : width));
}
