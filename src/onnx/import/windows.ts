import type { OnnxNode } from "./node.ts";

/** How a kernel moves over the spatial axes: one entry per axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before and after. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Entries that a dilated kernel spans along axis `i`. */
export const reach = ({ kernel, dilations }: Pick<Window, "kernel" | "dilations">, i: number) =>
  dilations[i] * (kernel[i] - 1) + 1;

/** Reads the kernel, strides, dilations and padding of a node; `auto_pad` is worked out for the given extents. */
export function windowOf(node: OnnxNode, extents: readonly number[], kernel: readonly number[]): Window {
  const { attributes } = node;
  const strides = attributes.ints("strides") ?? extents.map(() => 1);
  const dilations = attributes.ints("dilations") ?? extents.map(() => 1);
  const mode = attributes.string("auto_pad", "NOTSET");
  if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
    const totals = extents.map((n, i) => {
      const out = Math.ceil(n / strides[i]);
      return Math.max(0, (out - 1) * strides[i] + reach({ kernel, dilations }, i) - n);
    });
    return { kernel, strides, dilations, ...shared(totals, mode) };
  }
  const pads = mode === "NOTSET" ? attributes.ints("pads") : undefined;
  const begin = extents.map((_, i) => pads?.[i] ?? 0);
  const end = extents.map((_, i) => pads?.[i + extents.length] ?? 0);
  return { kernel, strides, dilations, begin, end };
}

/** Halves of a padding; the odd entry lies behind for SAME_UPPER, in front for SAME_LOWER. */
export function shared(totals: readonly number[], mode: string): { begin: number[]; end: number[] } {
  const smaller = totals.map((t) => Math.floor(t / 2));
  const larger = totals.map((t, i) => t - smaller[i]);
  return mode === "SAME_LOWER" ? { begin: larger, end: smaller } : { begin: smaller, end: larger };
}

/** How many positions the window takes along each axis. */
export function positions(window: Window, extents: readonly number[], ceil = false): number[] {
  return extents.map((n, i) => {
    const free = n + window.begin[i] + window.end[i] - reach(window, i);
    const count = (ceil ? Math.ceil(free / window.strides[i]) : Math.floor(free / window.strides[i])) + 1;
    // A window that would start in the padding behind the input is left out.
    return ceil && (count - 1) * window.strides[i] >= n + window.begin[i] ? count - 1 : count;
  });
}
