import { TweedieError } from "../errors.ts";
import { ancestors } from "./gradient.ts";
import type { NDArray } from "./op.ts";
import { inputOp } from "./ops/source.ts";
import { shapeError, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A fed value: row-major numbers in the input's shape. */
export type Feed = ArrayLike<number>;

/**
 * Evaluates tensors in float64, node by node: the oracle of the tests, not a product engine.
 * @param feeds values of the inputs that the outputs depend on
 */
export function evaluate(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, Feed> = new Map()): NDArray[] {
  const order = ancestors(outputs);
  const last = new Map<Tensor, Tensor>();
  for (const node of order) for (const x of node.inputs) last.set(x, node);
  const keep = new Set(outputs);
  const values = new Map<Tensor, NDArray>();
  for (const node of order) {
    values.set(node, { data: evaluateNode(node, values, feeds), shape: node.shape, dtype: node.dtype });
    for (const x of node.inputs) if (last.get(x) === node && !keep.has(x)) values.delete(x);
  }
  return outputs.map((y) => values.get(y) as NDArray);
}

function evaluateNode(node: Tensor, values: Map<Tensor, NDArray>, feeds: ReadonlyMap<Tensor, Feed>): Float64Array {
  if (node.op === inputOp) {
    const fed = feeds.get(node);
    if (!fed)
      throw new TweedieError("invalid-option", {
        message: `evaluate: no value fed for an input of shape ${show(node.shape)}`,
      });
    if (fed.length !== sizeOf(node.shape))
      throw shapeError("evaluate", `${sizeOf(node.shape)} values for shape ${show(node.shape)}`, `${fed.length}`);
    return Float64Array.from(fed);
  }
  return node.op.evaluate(
    node.inputs.map((x) => values.get(x) as NDArray),
    node.attrs,
    node,
  );
}
