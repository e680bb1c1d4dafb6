import { isReal } from "../../tensor/dtype.ts";
import { constant, mod, scatterElementsAdd, type Tensor } from "../../tensor/index.ts";
import { apply, averagePool, maxPool, maxPoolIndicesOp } from "../../tensor/ops/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";
import { positions, reach, type Window, windowOf } from "./windows.ts";

type Pair = readonly [number, number];

/** The window of a pooling node, its end padding moved so that every position it takes lies inside. */
function poolWindow(
  node: OnnxNode,
  extents: readonly number[],
): { window: Window; counts: number[]; declared: Window } {
  const kernel = node.attributes.ints("kernel_shape") ?? [...extents];
  if (extents.length < 1 || extents.length > 3) throw node.unsupported(`${extents.length} spatial axes`);
  const declared = windowOf(node, extents, kernel);
  const ceil = node.attributes.flag("ceil_mode");
  const counts = positions(declared, extents, ceil);
  const covered = counts.map((count, i) => (count - 1) * declared.strides[i] + reach(declared, i));
  const end = extents.map((n, i) => (ceil ? covered[i] - n - declared.begin[i] : declared.end[i]));
  return { window: { ...declared, end }, counts, declared };
}

/** Pads the spatial axes; negative amounts crop. */
function padSpatial(x: Tensor, { begin, end }: Window, value: number): Tensor {
  return x.pad([[0, 0], [0, 0], ...begin.map((b, i) => [b, end[i]] as const)], "constant", value);
}

/** Pools a picture, a signal (as a picture of height 1) or a volume (plane by plane, then along the depth). */
function separable(
  x: Tensor,
  w: Window,
  pool: (x: Tensor, kernel: Pair, stride: Pair, dilation: Pair) => Tensor,
): Tensor {
  const [n, c] = x.shape;
  const along = (list: readonly number[], i: number): Pair => [list[i], list[i + 1]];
  if (x.rank === 3) return pool(x.unsqueeze(2), [1, w.kernel[0]], [1, w.strides[0]], [1, w.dilations[0]]).squeeze(2);
  if (x.rank === 4) return pool(x, along(w.kernel, 0), along(w.strides, 0), along(w.dilations, 0));
  const depth = x.shape[2];
  const planes = x.reshape([n, c * depth, x.shape[3], x.shape[4]]);
  const flat = pool(planes, along(w.kernel, 1), along(w.strides, 1), along(w.dilations, 1));
  const [height, width] = flat.shape.slice(2);
  const columns = flat.reshape([n, c, depth, height * width]);
  const deep = pool(columns, [w.kernel[0], 1], [w.strides[0], 1], [w.dilations[0], 1]);
  return deep.reshape([n, c, deep.shape[2], height, width]);
}

const pads4 = ({ begin, end }: Window): [number, number, number, number] =>
  begin.length === 1 ? [0, begin[0], 0, end[0]] : [begin[0], begin[1], end[0], end[1]];

/** May the padding be left to the pooling operator? Engines want less of it than the kernel is wide. */
const plain = (x: Tensor, w: Window) =>
  x.rank < 5 && [...w.begin, ...w.end].every((p, i) => p >= 0 && p < w.kernel[i % w.kernel.length]);

function maximum(node: OnnxNode): Tensor[] {
  const x = node.tensor(0);
  const { window: w } = poolWindow(node, x.shape.slice(2));
  const lowest = isReal(x.dtype) ? Number.NEGATIVE_INFINITY : x.dtype.startsWith("u") ? 0 : -128;
  const inside = plain(x, w);
  const source = inside ? x : padSpatial(x, w, lowest);
  const pads = inside ? pads4(w) : 0;
  const y = separable(source, w, (t, kernel, stride, dilation) => maxPool(t, { kernel, stride, dilation, pads }));
  return node.wants(1) ? [y, largestAt(node, x, w)] : [y];
}

/** Flat positions of the largest entries. */
function largestAt(node: OnnxNode, x: Tensor, w: Window): Tensor {
  if (x.rank > 4) throw node.unsupported("positions of the largest entries of a volume");
  const lift = (list: readonly number[]): Pair => (x.rank === 3 ? [1, list[0]] : [list[0], list[1]]);
  const picture = x.rank === 3 ? x.unsqueeze(2) : x;
  const attrs = {
    kernel: lift(w.kernel),
    stride: lift(w.strides),
    dilation: lift(w.dilations),
    pads: pads4(w),
    countPadding: false,
  };
  const at = apply(maxPoolIndicesOp, [picture], attrs);
  const rows = x.rank === 3 ? at.squeeze(2) : at;
  if (!node.attributes.flag("storage_order") || x.rank === 3) return rows;
  const [height, width] = x.shape.slice(2); // counted down the columns
  const area = height * width;
  const [base, inside] = [rows.div(area).mul(area), mod(rows, area)];
  return base.add(mod(inside, width).mul(height)).add(inside.div(width));
}

/** Sums over windows, padding counted as zeros. */
function windowSums(x: Tensor, w: Window): Tensor {
  const mean = separable(padSpatial(x, w, 0), w, (t, kernel, stride, dilation) =>
    averagePool(t, { kernel, stride, dilation }),
  );
  return mean.mul(sizeOf(w.kernel));
}

function average(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const extents = x.shape.slice(2);
  const { window: w, counts, declared } = poolWindow(node, extents);
  const countPadding = node.attributes.flag("count_include_pad");
  const exact = w.end.every((e, i) => e <= declared.end[i]);
  if (plain(x, w) && (exact || !countPadding)) {
    const pads = pads4(w);
    return separable(x, w, (t, kernel, stride, dilation) =>
      averagePool(t, { kernel, stride, dilation, pads, countPadding }),
    );
  }
  // How many entries each window covers: of the input, or of the input with its declared padding.
  const perAxis = extents.map((n, i) =>
    Array.from({ length: counts[i] }, (_, o) => {
      const [low, high] = countPadding ? [-w.begin[i], n + declared.end[i]] : [0, n];
      const hits = Array.from({ length: w.kernel[i] }, (_, k) => o * w.strides[i] + k * w.dilations[i] - w.begin[i]);
      return hits.filter((p) => p >= low && p < high).length;
    }),
  );
  const divisors = perAxis.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  return windowSums(x, w).div(constant(divisors, counts, x.dtype));
}

function power(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const p = node.attributes.int("p", 2);
  const { window } = poolWindow(node, x.shape.slice(2));
  return root(windowSums(raise(x, p), window), p);
}

const raise = (x: Tensor, p: number) => (p === 1 ? x.abs() : p === 2 ? x.square() : x.abs().pow(p));
const root = (x: Tensor, p: number) => (p === 1 ? x : p === 2 ? x.sqrt() : x.pow(1 / p));

const overPicture = (node: OnnxNode) =>
  node
    .tensor(0)
    .shape.slice(2)
    .map((_, i) => i + 2);

/** Puts pooled entries back where they came from, zeros elsewhere. */
function unpool(node: OnnxNode): Tensor {
  const [x, indices] = [node.tensor(0), node.tensor(1)];
  const spatial = x.shape.slice(2);
  const window = windowOf(node, spatial, node.attributes.ints("kernel_shape") ?? []);
  const extents = spatial.map(
    (n, i) => (n - 1) * window.strides[i] - window.begin[i] - window.end[i] + window.kernel[i],
  );
  const shape = [...x.shape.slice(0, 2), ...extents];
  const placed = scatterElementsAdd(x.flatten(), indices.flatten(), 0, sizeOf(shape)).reshape(shape);
  const target = node.optionalNumbers(2, "output shape");
  return target ? placed.pad(shape.map((d, i) => [0, target[i] - d] as const)) : placed;
}

export const pools: Family = {
  AveragePool: average,
  GlobalAveragePool: (node) => node.tensor(0).mean(overPicture(node), true),
  GlobalLpPool: (node) => {
    const p = node.attributes.int("p", 2);
    return root(raise(node.tensor(0), p).sum(overPicture(node), true), p);
  },
  GlobalMaxPool: (node) => node.tensor(0).max(overPicture(node), true),
  LpPool: power,
  MaxPool: maximum,
  MaxUnpool: unpool,
};
