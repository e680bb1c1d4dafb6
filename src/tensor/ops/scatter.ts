import { shapeError, show, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { where } from "./compare.ts";
import { gather, scatterAdd, scatterElementsAdd } from "./gather.ts";
import { constant, ones } from "./source.ts";

/** How written entries meet what is there (ONNX names); with `none` each position may be written once. */
export type ScatterReduction = "none" | "add";

/** Positions of the slices that rows of `indices` ([..., depth]) name, in the first axes flattened. */
function flatPositions(name: string, indices: Tensor, extents: readonly number[]): Tensor {
  const depth = indices.shape[indices.rank - 1];
  if (depth > extents.length)
    throw shapeError(name, `index rows of at most ${extents.length} entries`, show(indices.shape));
  const outer = constant(extents.slice(0, depth), [depth], indices.dtype);
  const strides = constant(stridesOf(extents.slice(0, depth)), [depth], indices.dtype);
  return where(indices.less(0), indices.add(outer), indices).mul(strides).sum(-1);
}

/** ONNX GatherND: each row of `indices` ([..., depth]) names a slice of x behind the batch axes. */
export function gatherND(x: Tensor, indices: Tensor, batchDims = 0): Tensor {
  const depth = indices.shape[indices.rank - 1];
  const batch = x.shape.slice(0, batchDims);
  const own = x.shape.slice(batchDims);
  const count = sizeOf(batch);
  const inside = flatPositions("gatherND", indices, own);
  const rows = sizeOf(own.slice(0, depth));
  const tail = own.slice(depth);
  let at = inside;
  if (batchDims > 0) {
    const starts = constant(
      Array.from({ length: count }, (_, i) => i * rows),
      batch,
      indices.dtype,
    );
    at = inside.add(starts.reshape([...batch, ...inside.shape.slice(batchDims).map(() => 1)]));
  }
  const found = gather(x.reshape([count * rows, sizeOf(tail)]), at.flatten(), 0);
  return found.reshape([...indices.shape.slice(0, -1), ...tail]);
}

/** x with `updates` written (or added) at the slices that rows of `indices` name: ONNX ScatterND. */
export function scatterND(x: Tensor, indices: Tensor, updates: Tensor, reduction: ScatterReduction = "none"): Tensor {
  const depth = indices.shape[indices.rank - 1];
  const rows = sizeOf(x.shape.slice(0, depth));
  const at = flatPositions("scatterND", indices, x.shape).flatten();
  const width = sizeOf(x.shape.slice(depth));
  if (updates.size !== at.size * width)
    throw shapeError("scatterND", `${at.size} updates of ${show(x.shape.slice(depth))}`, show(updates.shape));
  const added = scatterAdd(updates.reshape([at.size, width]), at, 0, rows);
  if (reduction === "add") return x.add(added.reshape(x.shape));
  const hit = scatterAdd(ones([at.size, 1]), at, 0, rows).greater(0);
  return where(hit, added, x.reshape([rows, width])).reshape(x.shape);
}

/** x with `updates` written (or added) along one axis, one index per element: ONNX ScatterElements. */
export function scatterElements(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis = 0,
  reduction: ScatterReduction = "none",
): Tensor {
  const a = axis < 0 ? axis + x.rank : axis;
  // Indices may cover only the first entries of the other axes.
  const rest = x.shape.map((d, i) => (i === a ? 0 : d - indices.shape[i]));
  if (rest.some((d) => d < 0))
    throw shapeError("scatterElements", `indices that fit ${show(x.shape)}`, show(indices.shape));
  const spread = (values: Tensor) => {
    const shaped = values.shape.map((d, i) => (i === a ? x.shape[a] : d));
    const lines = scatterElementsAdd(values, indices, a, x.shape[a]);
    return rest.some((d) => d > 0) ? lines.reshape(shaped).pad(rest.map((d) => [0, d] as const)) : lines;
  };
  if (reduction === "add") return x.add(spread(updates));
  return where(spread(ones(indices.shape)).greater(0), spread(updates), x);
}
