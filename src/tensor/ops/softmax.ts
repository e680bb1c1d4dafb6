import type { NDArray, Op } from "../op.ts";
import { normalizeAxis } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";

/** Visits the lines along one axis; `at(k)` is the flat position of entry k. */
function lines({ data, shape }: NDArray, axis: number, visit: (at: (k: number) => number, n: number) => void): void {
  const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
  const n = shape[axis];
  for (let base = 0; base < data.length; base += n * inner)
    for (let i = base; i < base + inner; i++) visit((k) => i + k * inner, n);
}

function fold(n: number, start: number, f: (value: number, k: number) => number): number {
  let value = start;
  for (let k = 0; k < n; k++) value = f(value, k);
  return value;
}

export const softmaxOp: Op<{ readonly axis: number }> = {
  name: "softmax",
  infer: ([x]) => x,
  evaluate([x], { axis }) {
    const out = new Float64Array(x.data.length);
    lines(x, axis, (at, n) => {
      const peak = fold(n, -Infinity, (m, k) => Math.max(m, x.data[at(k)]));
      const total = fold(n, 0, (s, k) => s + Math.exp(x.data[at(k)] - peak));
      for (let k = 0; k < n; k++) out[at(k)] = Math.exp(x.data[at(k)] - peak) / total;
    });
    return out;
  },
  onnx: (emit, [x], node) => emit.node("Softmax", [x], { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp: ({ attrs: { axis }, output: y, gradient: g }) => [y.mul(g.sub(g.mul(y).sum(axis, true)))],
};

export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: normalizeAxis("softmax", axis, x.rank) });
}

/** log softmax, shifted by the largest entry: exact where the softmax itself underflows. */
export const logSoftmaxOp: Op<{ readonly axis: number }> = {
  name: "logSoftmax",
  infer: ([x]) => x,
  evaluate([x], { axis }) {
    const out = new Float64Array(x.data.length);
    lines(x, axis, (at, n) => {
      const peak = fold(n, -Infinity, (m, k) => Math.max(m, x.data[at(k)]));
      const total = Math.log(fold(n, 0, (s, k) => s + Math.exp(x.data[at(k)] - peak)));
      for (let k = 0; k < n; k++) out[at(k)] = x.data[at(k)] - peak - total;
    });
    return out;
  },
  onnx: (emit, [x], node) => emit.node("LogSoftmax", [x], { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp: ({ attrs: { axis }, output: y, gradient: g }) => [g.sub(y.exp().mul(g.sum(axis, true)))],
};

export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [x], { axis: normalizeAxis("logSoftmax", axis, x.rank) });
}
