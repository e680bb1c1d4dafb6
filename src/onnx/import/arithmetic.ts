import { isReal } from "../../tensor/dtype.ts";
import { maximum, minimum, mod, type Tensor } from "../../tensor/index.ts";
import { constantValue } from "../../tensor/ops/index.ts";
import { groupNormOf, noteProduct } from "./group-norm.ts";
import type { Family, OnnxNode } from "./node.ts";
import { like, truncate, widened } from "./types.ts";

type Binary = (a: Tensor, b: Tensor) => Tensor;

/** Both operands, the second one placed as operator sets below 7 do: its axes start at `axis` of the first. */
export function operands(node: OnnxNode): [Tensor, Tensor] {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  const axis = node.version < 7 ? node.attributes.int("axis") : undefined;
  if (axis === undefined) return [a, b];
  const start = axis < 0 ? axis + a.rank : axis;
  return [a, b.reshape([...b.shape, ...a.shape.slice(start + b.rank).map(() => 1)])];
}

const binary = (f: Binary) => (node: OnnxNode) => {
  const [a, b] = operands(node);
  return widened([a, b], f);
};

const variadic = (f: Binary) => (node: OnnxNode) => widened(node.tensors, (...list) => list.reduce(f));

/** x·sigmoid(x), as exporters write it, is one operator of ours. */
function multiply(a: Tensor, b: Tensor): Tensor {
  const isGate = (x: Tensor, y: Tensor) => y.op.name === "sigmoid" && y.inputs[0] === x;
  if (isGate(a, b)) return a.silu();
  return isGate(b, a) ? b.silu() : noteProduct(a.mul(b), a, b);
}

function power(node: OnnxNode): Tensor {
  const [x, given] = operands(node);
  const exponent = constantValue(given);
  const sameShape = given.rank <= x.rank && given.size === 1;
  if (isReal(x.dtype) && sameShape) {
    if (exponent === 2) return x.square();
    if (exponent === 3) return x.square().mul(x);
    if (exponent === 0.5) return x.sqrt();
    if (exponent === -1) return x.reciprocal();
  }
  // A whole base with a real exponent is raised as a real number.
  const common = isReal(x.dtype) || !isReal(given.dtype) ? x.dtype : given.dtype;
  return widened([x.cast(common), given.cast(common)], (a, b) => a.pow(b)).cast(x.dtype);
}

function remainder(node: OnnxNode): Tensor {
  const [a, b] = operands(node);
  if (!node.attributes.flag("fmod")) return widened([a, b], mod);
  return widened([a, b], (p, q) => p.sub(q.mul(truncate(p.div(q))))); // the dividend's sign, as C's fmod
}

function shift(node: OnnxNode): Tensor {
  const [x, by] = [node.tensor(0).cast("int64"), node.tensor(1).cast("int64")];
  const factor = like(2, x).pow(by);
  const shifted = node.attributes.string("direction") === "LEFT" ? x.mul(factor) : x.div(factor);
  return shifted.cast(node.tensor(0).dtype);
}

export const arithmetic: Family = {
  Add: binary((a, b) => groupNormOf(a, b) ?? a.add(b)),
  BitShift: shift,
  Div: binary((a, b) => a.div(b)),
  Max: variadic(maximum),
  Mean: (node) => node.tensors.reduce((a, b) => a.add(b)).div(node.inputs.length),
  Min: variadic(minimum),
  Mod: remainder,
  Mul: binary(multiply),
  Pow: power,
  Sub: binary((a, b) => a.sub(b)),
  Sum: variadic((a, b) => a.add(b)),
};
