import type { Op } from "../op.ts";
import { normalizeAxis, shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { constant } from "./source.ts";

export interface CumsumAttrs {
  readonly axis: number;
  /** Leave the entry itself out of its sum. */
  readonly exclusive: boolean;
  /** Sum from the end. */
  readonly reverse: boolean;
}

/** Running sums along one axis. */
export const cumsumOp: Op<CumsumAttrs> = {
  name: "cumsum",
  infer: ([x]) => x,
  evaluate([x], { axis, exclusive, reverse }) {
    const inner = x.shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    const n = x.shape[axis];
    const out = new Float64Array(x.data.length);
    for (let base = 0; base < out.length; base += n * inner)
      for (let i = base; i < base + inner; i++) {
        let total = 0;
        for (let k = 0; k < n; k++) {
          const at = i + (reverse ? n - 1 - k : k) * inner;
          if (exclusive) out[at] = total;
          total += x.data[at];
          if (!exclusive) out[at] = total;
        }
      }
    return out;
  },
  onnx(emit, [x], node) {
    const { axis, exclusive, reverse } = node.attrs as CumsumAttrs;
    return emit.node("CumSum", [x, emit.constant([axis], [], "int64")], {
      exclusive: { i: exclusive ? 1 : 0 },
      reverse: { i: reverse ? 1 : 0 },
    });
  },
  vjp: ({ attrs, gradient }) => [apply(cumsumOp, [gradient], { ...attrs, reverse: !attrs.reverse })],
};

export function cumsum(x: Tensor, axis: number, { exclusive = false, reverse = false } = {}): Tensor {
  return apply(cumsumOp, [x], { axis: normalizeAxis("cumsum", axis, x.rank), exclusive, reverse });
}

/** Keeps the triangle of the last two axes with column - row >= k (`upper`) or <= k; the rest becomes 0. */
export function trilu(x: Tensor, { upper = true, k = 0 } = {}): Tensor {
  if (x.rank < 2) throw shapeError("trilu", "an input of rank 2 or more", show(x.shape));
  const [rows, columns] = x.shape.slice(-2);
  const keep = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const offset = (i % columns) - Math.floor(i / columns);
    return (upper ? offset >= k : offset <= k) ? 1 : 0;
  });
  return constant(keep, [rows, columns], "bool").where(x, constant(0, [], x.dtype));
}
