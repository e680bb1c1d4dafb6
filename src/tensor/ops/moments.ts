import type { Op } from "../op.ts";
import { broadcastShapes, sameShape, shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { evaluateBinary, sumTo } from "./binary.ts";

/**
 * Mean and reciprocal standard deviation 1/√(variance + eps) of each row of x [B, ...], as [2, B]. The variance is
 * centred and all sums run in stages (last axis, then the rest): flat float32 sums over an image lose digits.
 */
export const momentsOp: Op<{ readonly eps: number }> = {
  name: "moments",
  infer([x]) {
    if (x.rank < 2 || x.size === 0) throw shapeError("moments", "rows [B, ...] that are not empty", show(x.shape));
    return { shape: [2, x.shape[0]], dtype: x.dtype };
  },
  evaluate([x], { eps }) {
    const rows = x.shape[0];
    const n = x.data.length / rows;
    const out = new Float64Array(2 * rows);
    for (let b = 0; b < rows; b++) {
      const row = x.data.subarray(b * n, (b + 1) * n);
      const mean = row.reduce((s, v) => s + v, 0) / n;
      out[b] = mean;
      out[rows + b] = 1 / Math.sqrt(row.reduce((s, v) => s + (v - mean) ** 2, 0) / n + eps);
    }
    return out;
  },
  onnx(emit, [x], node) {
    const { shape, dtype } = node.inputs[0];
    const { eps } = node.attrs as { eps: number };
    const keep = { keepdims: { i: 1 } };
    const last = shape.length - 1;
    const rest = Array.from({ length: last - 1 }, (_, i) => i + 1);
    const average = (v: string) => {
      const first = emit.node("ReduceMean", [v, emit.ints([last])], keep);
      return rest.length > 0 ? emit.node("ReduceMean", [first, emit.ints(rest)], keep) : first;
    };
    const mean = average(x);
    const centred = emit.node("Sub", [x, mean]);
    // Squaring and averaging is two to three times faster than ONNX Runtime's ReduceSumSquare.
    const variance = average(emit.node("Mul", [centred, centred]));
    const std = emit.node("Sqrt", [emit.node("Add", [variance, emit.constant([eps], [], dtype)])]);
    const flat = emit.ints([1, shape[0]]);
    const parts = [mean, emit.node("Reciprocal", [std])].map((v) => emit.node("Reshape", [v, flat]));
    return emit.node("Concat", parts, { axis: { i: 0 } });
  },
  vjp({ inputs: [x], output, gradient }) {
    // d rstd/dx = -rstd³ (x - mean)/n and d mean/dx = 1/n, together one scale and shift of x
    const n = x.size / x.shape[0];
    const row = [x.shape[0], ...x.shape.slice(1).map(() => 1)];
    const [mean, rstd] = split(output);
    const [dMean, dRstd] = split(gradient);
    const slope = dRstd.mul(rstd.mul(rstd).mul(rstd)).mul(-1 / n);
    const shift = dMean.mul(1 / n).sub(slope.mul(mean));
    return [scaleShift(x, slope.reshape(row), shift.reshape(row))];
  },
};

const split = (pair: Tensor) => [pair.narrow(0, 0, 1).squeeze(0), pair.narrow(0, 1, 1).squeeze(0)] as const;

/** Mean and 1/√(variance + eps) of each row of x [B, ...]: two tensors [B]. */
export function moments(x: Tensor, eps = 1e-5): readonly [mean: Tensor, rstd: Tensor] {
  return split(apply(momentsOp, [x], { eps }));
}

/** x·scale + shift, where scale and shift broadcast to x: one node, so that engines may do it in one pass. */
export const scaleShiftOp: Op = {
  name: "scaleShift",
  infer([x, scale, shift]) {
    for (const t of [scale, shift]) {
      if (t.dtype !== x.dtype) throw shapeError("scaleShift", `operands of type ${x.dtype}`, t.dtype);
      if (!sameShape(broadcastShapes("scaleShift", x.shape, t.shape), x.shape))
        throw shapeError("scaleShift", `operands that broadcast to ${show(x.shape)}`, show(t.shape));
    }
    return x;
  },
  evaluate([x, scale, shift], _, { shape }) {
    const data = evaluateBinary(x, scale, shape, (a, b) => a * b);
    return evaluateBinary({ ...x, data }, shift, shape, (a, b) => a + b);
  },
  onnx: (emit, [x, scale, shift]) => emit.node("Add", [emit.node("Mul", [x, scale]), shift]),
  vjp: ({ inputs: [x, scale, shift], gradient, needs }) => [
    needs[0] ? gradient.mul(scale) : undefined,
    needs[1] ? sumTo(gradient.mul(x), scale.shape) : undefined,
    needs[2] ? sumTo(gradient, shift.shape) : undefined,
  ],
};

export function scaleShift(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return apply(scaleShiftOp, [x, scale, shift], undefined);
}
