import type { Tensor } from "../tensor/index.ts";
import { ancestors } from "../tensor/ops/index.ts";

/** Tensors that are needed under the same condition. */
export interface Part {
  /** The optional outputs that need these tensors; empty: a required output does, so they are always computed. */
  readonly wantedBy: readonly string[];
  /** In creation order. */
  readonly tensors: readonly Tensor[];
}

/**
 * Splits what the outputs depend on by who needs it. A part reads only from parts wanted by more outputs, so the
 * order of the result (always, then by falling number of outputs) is an order of execution.
 */
export function partsByNeed(required: readonly Tensor[], optional: Readonly<Record<string, Tensor>>): Part[] {
  const always = ancestors(required);
  const done = new Set(always);
  const needs = new Map<Tensor, string[]>();
  for (const [name, output] of Object.entries(optional))
    for (const x of ancestors([output])) if (!done.has(x)) needs.set(x, [...(needs.get(x) ?? []), name]);
  const parts = new Map<string, { wantedBy: string[]; tensors: Tensor[] }>();
  for (const [x, wantedBy] of [...needs].sort(([a], [b]) => a.id - b.id)) {
    const key = JSON.stringify(wantedBy);
    const part = parts.get(key) ?? { wantedBy, tensors: [] };
    part.tensors.push(x);
    parts.set(key, part);
  }
  const sorted = [...parts.values()].sort((a, b) => b.wantedBy.length - a.wantedBy.length);
  return [{ wantedBy: [], tensors: always }, ...sorted];
}
