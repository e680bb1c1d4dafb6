import { TweedieError } from "../errors.ts";

/** Static extents, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The error of every shape rule: it names the op, what it expected and what it got. */
export function shapeError(op: string, expected: string, got: string, hint?: string): TweedieError {
  return new TweedieError("shape-mismatch", {
    message: `${op}: expected ${expected}, got ${got}`,
    expected,
    got,
    hint,
  });
}

/** NumPy broadcasting of two or more shapes. */
export function broadcastShapes(op: string, ...shapes: Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    shape.forEach((d, i) => {
      const j = i + offset;
      if (out[j] === 1) out[j] = d;
      else if (d !== 1 && d !== out[j])
        throw shapeError(op, "shapes that broadcast together", shapes.map(show).join(" and "));
    });
  }
  return out;
}

/** An axis counted from the front; negative axes count from the back. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw shapeError(op, `an axis in [${-rank}, ${rank - 1}]`, String(axis));
  return axis < 0 ? axis + rank : axis;
}

/** Sorted distinct axes; `undefined` means all of them. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => normalizeAxis(op, a, rank));
  if (new Set(list).size !== list.length) throw shapeError(op, "distinct axes", show(list));
  return [...list].sort((a, b) => a - b);
}
