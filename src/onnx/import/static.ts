import { TweedieError } from "../../errors.ts";
import { type DType, fromFloat64, isReal, type TypedArray, toFloat64 } from "../../tensor/dtype.ts";
import { constant, evaluate, type Op, Tensor } from "../../tensor/index.ts";
import { ancestors, type ConstantAttrs, constantOp } from "../../tensor/ops/index.ts";
import { inputOp } from "../../tensor/ops/source.ts";
import { affordable, MOST_ON_HOST } from "./budget.ts";
import { TensorSequence, type Value } from "./value.ts";

/** Values up to these many elements are worked out at import: shape arithmetic, never weights. */
const limits = { real: 4096, whole: 1 << 20 };

const isConstant = (x: Tensor) => x.op === (constantOp as Op);

/** Elements of the largest real and the largest whole-number tensor behind a value; null when inputs lie behind it. */
type Cost = { readonly real: number; readonly whole: number } | null;

const costs = new WeakMap<Tensor, Cost>();

function costOf(x: Tensor): Cost {
  const stack = [x];
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    const pending = costs.has(node) ? [] : node.inputs.filter((i) => !costs.has(i));
    if (pending.length > 0) stack.push(...pending);
    else {
      if (!costs.has(node)) costs.set(node, ownCost(node));
      stack.pop();
    }
  }
  return costs.get(x) as Cost;
}

function ownCost(node: Tensor): Cost {
  if (node.op === (inputOp as Op)) return null;
  let { real, whole } = isReal(node.dtype) ? { real: node.size, whole: 0 } : { real: 0, whole: node.size };
  for (const x of node.inputs) {
    const part = costs.get(x) as Cost;
    if (!part) return null;
    real = Math.max(real, part.real);
    whole = Math.max(whole, part.whole);
  }
  return { real, whole };
}

/** A constant from the evaluator's doubles; 64-bit integers beyond the range saturate (exporters write 2⁶³ - 1 for "to the end"). */
export function constantOf(data: Float64Array, shape: readonly number[], dtype: DType): Tensor {
  const saturated =
    dtype === "int64"
      ? BigInt64Array.from(data, (v) => (v >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(Math.trunc(v))))
      : undefined;
  if (saturated) return constant(saturated, shape, dtype);
  return constant(dtype === "float32" ? data : fromFloat64(data, dtype), shape, dtype);
}

/** Replaces a small computation on constants by its value, so that exporters' shape arithmetic becomes static. */
export function fold(x: Tensor): Tensor {
  if (isConstant(x)) return x;
  const cost = costOf(x);
  if (!cost || cost.real > limits.real || cost.whole > limits.whole) return x;
  return constantOf(evaluate([x])[0].data, x.shape, x.dtype);
}

export function foldValue(value: Value): Value {
  if (value instanceof Tensor) return fold(value);
  return value instanceof TensorSequence ? new TensorSequence(value.items.map(fold)) : value;
}

/** Does the value depend on constants alone? */
export function isStatic(x: Tensor): boolean {
  return costOf(x) !== null;
}

/** The elements of a tensor that does not depend on inputs, whatever its size; undefined for others. */
export function staticValues(x: Tensor): Float64Array | undefined {
  if (isConstant(x)) return toFloat64((x.attrs as ConstantAttrs).data as TypedArray, x.dtype);
  const cost = costOf(x);
  if (!cost) return undefined;
  affordable(Math.max(cost.real, cost.whole), MOST_ON_HOST, "elements to be worked out at import");
  return evaluate([x])[0].data;
}

/** The error for a value that must be known while the graph is built. */
export function mustBeStatic(what: string, x: Tensor, inputs: ReadonlyMap<Tensor, string>): TweedieError {
  const names = ancestors([x]).flatMap((node) => inputs.get(node) ?? []);
  const listed = names.map((n) => `"${n}"`).join(", ");
  return new TweedieError("invalid-option", {
    message: `${what} must be known at import, but it depends on the values of ${listed || "an input"}`,
    expected: "a value that does not depend on inputs",
    got: `one that depends on ${listed || "an input"}`,
    hint: `give its value: freeze: { ${names.map((n) => `${JSON.stringify(n)}: …`).join(", ")} }`,
  });
}
