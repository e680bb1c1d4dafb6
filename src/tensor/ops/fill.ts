import type { DType } from "../dtype.ts";
import { normalizeAxis, shapeError } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { mod } from "./binary.ts";
import { equal, where } from "./compare.ts";
import { constant } from "./source.ts";

/** start, start + step, ... up to but without `limit`, as a constant. */
export function range(start: number, limit: number, step = 1, dtype: DType = "float32"): Tensor {
  if (step === 0 || !Number.isFinite(step)) throw shapeError("range", "a finite step other than 0", String(step));
  const n = Math.max(0, Math.ceil((limit - start) / step));
  return constant(
    Array.from({ length: n }, (_, i) => start + i * step),
    [n],
    dtype,
  );
}

/** Ones on the k-th diagonal of a [rows, columns] constant. */
export function eye(rows: number, columns = rows, k = 0, dtype: DType = "float32"): Tensor {
  const data = new Float64Array(rows * columns);
  for (let i = Math.max(0, -k); i < rows && i + k < columns; i++) data[i * columns + i + k] = 1;
  return constant(Array.from(data), [rows, columns], dtype);
}

/**
 * A new axis of extent `depth` that is `on` at the index and `off` elsewhere. Negative indices count from the end;
 * indices out of [-depth, depth) give `off` everywhere. `axis` is a position in the result.
 */
export function oneHot(
  indices: Tensor,
  depth: number,
  { axis = -1, on = 1, off = 0 }: { axis?: number; on?: TensorLike; off?: TensorLike } = {},
): Tensor {
  const at = normalizeAxis("oneHot", axis, indices.rank + 1);
  const positions = range(0, depth, 1, indices.dtype).reshape(
    Array.from({ length: indices.rank + 1 }, (_, i) => (i === at ? depth : 1)),
  );
  const column = indices.unsqueeze(at);
  const inside = column.greaterOrEqual(-depth).and(column.less(depth));
  return where(equal(mod(column, depth), positions).and(inside), on, off);
}
