import { broadcastIndex } from "../iterate.ts";
import type { Op } from "../op.ts";
import { broadcastShapes, shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { checkSameType, sumTo } from "./binary.ts";

const swapLast = (x: Tensor) => {
  const axes = x.shape.map((_, i) => i);
  [axes[x.rank - 2], axes[x.rank - 1]] = [x.rank - 1, x.rank - 2];
  return x.transpose(axes);
};

/** Batched matrix product [..., m, k] × [..., k, n]; leading axes broadcast. Both operands have rank 2 or more. */
export const matmulOp: Op = {
  name: "matmul",
  infer([a, b]) {
    checkSameType("matmul", a, b);
    const k = a.shape[a.rank - 1];
    if (b.shape[b.rank - 2] !== k)
      throw shapeError("matmul", `a right operand with ${k} rows for ${show(a.shape)}`, show(b.shape));
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { shape: [...batch, a.shape[a.rank - 2], b.shape[b.rank - 1]], dtype: a.dtype };
  },
  evaluate([a, b], _, { shape }) {
    const [m, n] = shape.slice(-2);
    const k = a.shape[a.shape.length - 1];
    const batch = shape.slice(0, -2);
    const ia = broadcastIndex(a.shape.slice(0, -2), batch);
    const ib = broadcastIndex(b.shape.slice(0, -2), batch);
    const count = batch.reduce((p, d) => p * d, 1);
    const out = new Float64Array(count * m * n);
    for (let s = 0; s < count; s++) {
      const pa = (ia ? ia[s] : s) * m * k;
      const pb = (ib ? ib[s] : s) * k * n;
      const po = s * m * n;
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++) {
          const v = a.data[pa + i * k + l];
          for (let j = 0; j < n; j++) out[po + i * n + j] += v * b.data[pb + l * n + j];
        }
    }
    return out;
  },
  onnx: (emit, inputs) => emit.node("MatMul", inputs),
  vjp: ({ inputs: [a, b], gradient, needs }) => [
    needs[0] ? sumTo(matmul(gradient, swapLast(b)), a.shape) : undefined,
    needs[1] ? sumTo(matmul(swapLast(a), gradient), b.shape) : undefined,
  ],
};

/** NumPy `matmul`: vectors are taken as a row on the left and as a column on the right. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0)
    throw shapeError("matmul", "operands of rank 1 or more", `${show(a.shape)} and ${show(b.shape)}`);
  if (a.rank === 1) return matmul(a.unsqueeze(0), b).squeeze(b.rank === 1 ? 0 : -2);
  if (b.rank === 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  return apply(matmulOp, [a, b], undefined);
}
