import { shapeError, show } from "../shape.ts";

/** `[top, left, bottom, right]`. */
export type Pads = readonly [number, number, number, number];
export type Pair = readonly [number, number];

interface WindowOptions {
  readonly stride?: number | Pair;
  readonly dilation?: number | Pair;
  readonly pads?: number | Pair | Pads;
}

/** One number for both axes, or one each. */
export function pair(v: number | Pair | undefined, fallback: number): Pair {
  return typeof v === "object" ? v : [v ?? fallback, v ?? fallback];
}

export function four(v: number | Pair | Pads | undefined): Pads {
  if (typeof v !== "object") return [v ?? 0, v ?? 0, v ?? 0, v ?? 0];
  if (v.length !== 4) throw shapeError("pads", "[top, left, bottom, right] for [N, C, H, W]", show(v));
  return v;
}

/** The same for a signal [N, C, L], seen as a picture of height 1: `neutral` across. */
export function line(v: number | Pair | undefined, neutral: number): Pair {
  if (typeof v === "object") throw shapeError("window", "one number for [N, C, L]", show(v));
  return [neutral, v ?? neutral];
}

export function lineOptions({ stride, dilation, pads }: WindowOptions) {
  if (typeof pads === "object" && pads.length !== 2)
    throw shapeError("pads", "[left, right] for [N, C, L]", show(pads));
  const [left, right] = typeof pads === "object" ? pads : [pads ?? 0, pads ?? 0];
  return { stride: line(stride, 1), dilation: line(dilation, 1), pads: [0, left, 0, right] as const };
}
