import { TweedieError } from "../errors.ts";
import { isReal } from "./dtype.ts";
import { input, ones, zeros } from "./ops/source.ts";
import { sameShape, shapeError, show } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** The nodes that `outputs` depend on, in creation order (inputs before users). */
export function ancestors(outputs: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...outputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/**
 * Vector-Jacobian products: Σ_k (∂outputs[k]/∂inputs[i])ᵀ cotangents[k] for each input i, as new graph.
 * Reverse mode over the op table's rules; inputs that no output depends on get zeros.
 * @throws shape-mismatch when a cotangent has not its output's shape.
 */
export function vjp(outputs: readonly Tensor[], inputs: readonly Tensor[], cotangents: readonly Tensor[]): Tensor[] {
  if (outputs.length !== cotangents.length)
    throw shapeError("vjp", `${outputs.length} cotangents`, String(cotangents.length));
  const order = ancestors(outputs);
  const active = new Set<Tensor>(inputs);
  for (const node of order) {
    if (isReal(node.dtype) && node.op.vjp && node.inputs.some((x) => active.has(x))) active.add(node);
  }
  const total = new Map<Tensor, Tensor>();
  const accumulate = (node: Tensor, g: Tensor) => {
    if (!sameShape(node.shape, g.shape))
      throw shapeError(`vjp of ${node.op.name}`, `a cotangent of shape ${show(node.shape)}`, show(g.shape));
    const before = total.get(node);
    total.set(node, before ? before.add(g) : g);
  };
  outputs.forEach((y, k) => {
    if (active.has(y)) accumulate(y, cotangents[k]);
  });
  const ends = new Set(inputs);
  for (const node of order.reverse()) {
    const gradient = total.get(node);
    // An input that is itself computed ends the walk unless another input lies behind it.
    if (!gradient || !node.op.vjp || !active.has(node)) continue;
    const needs = node.inputs.map((x) => active.has(x));
    if (ends.has(node) && !needs.some(Boolean)) continue;
    const parts = node.op.vjp({ inputs: node.inputs, attrs: node.attrs, output: node, gradient, needs });
    node.inputs.forEach((x, i) => {
      const part = parts[i];
      if (needs[i] && part) accumulate(x, part);
    });
  }
  return inputs.map((x) => total.get(x) ?? zeros(x.shape, x.dtype));
}

/** Derivatives of a scalar in each of `inputs`. */
export function gradient(loss: Tensor, inputs: readonly Tensor[]): Tensor[] {
  if (loss.size !== 1)
    throw shapeError("gradient", "a scalar loss", show(loss.shape), "reduce it with sum() or mean()");
  if (!isReal(loss.dtype))
    throw new TweedieError("invalid-option", { message: `gradient: expected a real loss, got ${loss.dtype}` });
  return vjp([loss], inputs, [ones(loss.shape, loss.dtype)]);
}

/**
 * Jacobian-vector products Σ_i (∂outputs[k]/∂inputs[i]) tangents[i], by differentiating the VJP in its cotangent
 * (the VJP is linear in it, so its value drops out of the graph).
 */
export function jvp(outputs: readonly Tensor[], inputs: readonly Tensor[], tangents: readonly Tensor[]): Tensor[] {
  inputs.forEach((x, i) => {
    if (!tangents[i] || !sameShape(x.shape, tangents[i].shape))
      throw shapeError("jvp", `a tangent of shape ${show(x.shape)}`, tangents[i] ? show(tangents[i].shape) : "none");
  });
  const dummies = outputs.map((y) => input(y.shape, y.dtype));
  const pulled = vjp(outputs, inputs, dummies);
  return vjp(pulled, dummies, tangents);
}
