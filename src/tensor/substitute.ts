import { ancestors } from "./gradient.ts";
import { sameShape, shapeError, show } from "./shape.ts";
import { apply, type Tensor } from "./tensor.ts";

/**
 * The same expressions over other inputs: each key of `replacements` gives way to its value. What does not depend on a key
 * is shared with the original, weights above all.
 * @throws shape-mismatch when a replacement differs in shape or type
 */
export function substitute(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const now = new Map<Tensor, Tensor>();
  for (const [from, to] of replacements) {
    if (!sameShape(from.shape, to.shape) || from.dtype !== to.dtype)
      throw shapeError("substitute", `${from.dtype} ${show(from.shape)}`, `${to.dtype} ${show(to.shape)}`);
    now.set(from, to);
  }
  for (const node of ancestors(outputs)) {
    if (now.has(node)) continue;
    const inputs = node.inputs.map((x) => now.get(x) ?? x);
    now.set(node, inputs.every((x, i) => x === node.inputs[i]) ? node : apply(node.op, inputs, node.attrs));
  }
  return outputs.map((y) => now.get(y) ?? y);
}
