import { type Shape, stridesOf } from "./shape.ts";

/** For each element of `to` (row-major): the flat index of the element of `from` that broadcasting reads there. */
export function broadcastIndex(from: Shape, to: Shape): Int32Array | undefined {
  if (from.length === to.length && from.every((d, i) => d === to[i])) return undefined;
  const own = stridesOf(from);
  const offset = to.length - from.length;
  const strides = to.map((_, i) => (i < offset || from[i - offset] === 1 ? 0 : own[i - offset]));
  return stridedIndex(to, strides, 0);
}

/** Flat source index for each element of a row-major walk over `shape` with the given source strides and base. */
export function stridedIndex(shape: Shape, strides: readonly number[], base: number): Int32Array {
  const size = shape.reduce((n, d) => n * d, 1);
  const out = new Int32Array(size);
  if (size === 0) return out;
  const position = new Array<number>(shape.length).fill(0);
  let at = base;
  for (let i = 0; i < size; i++) {
    out[i] = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]++;
      at += strides[axis];
      if (position[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return out;
}
