import type { Op } from "../op.ts";
import { normalizeAxis } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";

export const softmaxOp: Op<{ readonly axis: number }> = {
  name: "softmax",
  infer: ([x]) => x,
  evaluate([x], { axis }) {
    const inner = x.shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    const n = x.shape[axis];
    const out = new Float64Array(x.data.length);
    for (let base = 0; base < out.length; base += n * inner)
      for (let i = base; i < base + inner; i++) {
        let peak = -Infinity;
        for (let k = 0; k < n; k++) peak = Math.max(peak, x.data[i + k * inner]);
        let total = 0;
        for (let k = 0; k < n; k++) {
          out[i + k * inner] = Math.exp(x.data[i + k * inner] - peak);
          total += out[i + k * inner];
        }
        for (let k = 0; k < n; k++) out[i + k * inner] /= total;
      }
    return out;
  },
  onnx: (emit, [x], node) => emit.node("Softmax", [x], { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp: ({ attrs: { axis }, output: y, gradient: g }) => {
    const weighted = g.mul(y);
    return [weighted.sub(y.mul(weighted.sum(axis, true)))];
  },
};

export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: normalizeAxis("softmax", axis, x.rank) });
}

export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return x.sub(x.logSumExp(axis, true));
}
