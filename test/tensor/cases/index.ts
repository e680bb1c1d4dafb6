import { elementwise } from "./elementwise.ts";
import { layers } from "./layers.ts";
import { linear } from "./linear.ts";
import { rearrangements } from "./rearrange.ts";
import { reductions } from "./reductions.ts";
import type { Cases } from "./value.ts";

/** A generator of random problems for every function that builds tensors. */
export const cases: Cases = { ...elementwise, ...reductions, ...rearrangements, ...linear, ...layers };
export type { Problem, Value } from "./value.ts";
export { values } from "./value.ts";
