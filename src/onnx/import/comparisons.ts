import { type Tensor, where, xor } from "../../tensor/index.ts";
import { operands } from "./arithmetic.ts";
import type { Family, OnnxNode } from "./node.ts";
import { computeType, widened } from "./types.ts";

type Compare = (a: Tensor, b: Tensor) => Tensor;

const compare = (f: Compare) => (node: OnnxNode) => {
  const [a, b] = operands(node);
  return f(a.cast(computeType(a.dtype)), b.cast(computeType(b.dtype)));
};

/** Booleans are equal where neither or both are true. */
const equal: Compare = (a, b) => (a.dtype === "bool" ? xor(a, b).not() : a.equal(b));

export const comparisons: Family = {
  And: compare((a, b) => a.and(b)),
  Equal: compare(equal),
  Greater: compare((a, b) => a.greater(b)),
  GreaterOrEqual: compare((a, b) => a.greaterOrEqual(b)),
  Less: compare((a, b) => a.less(b)),
  LessOrEqual: compare((a, b) => a.lessOrEqual(b)),
  Or: compare((a, b) => a.or(b)),
  Where: (node) => widened([node.tensor(1), node.tensor(2)], (a, b) => where(node.tensor(0), a, b)),
  Xor: compare(xor),
};
