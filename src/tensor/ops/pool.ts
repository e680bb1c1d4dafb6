import type { NDArray, Op } from "../op.ts";
import { type Shape, shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { convTranspose } from "./conv.ts";
import { scatterElementsAdd } from "./gather.ts";
import { constant, ones } from "./source.ts";
import { four, line, lineOptions, type Pads, type Pair, pair } from "./window.ts";

export interface PoolOptions {
  readonly kernel: number | Pair;
  /** Defaults to the kernel: blocks that do not overlap. */
  readonly stride?: number | Pair;
  readonly dilation?: number | Pair;
  readonly pads?: number | Pair | Pads;
  /** Do padded pixels count in the average? (Average pooling only.) */
  readonly countPadding?: boolean;
}

export interface PoolAttrs {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly pads: Pads;
  readonly countPadding: boolean;
}

function attrsOf(o: PoolOptions): PoolAttrs {
  return {
    kernel: pair(o.kernel, 1),
    stride: pair(o.stride ?? o.kernel, 1),
    dilation: pair(o.dilation, 1),
    pads: four(o.pads),
    countPadding: o.countPadding ?? false,
  };
}

function pooledShape(name: string, x: Tensor, { kernel, stride, dilation, pads }: PoolAttrs): number[] {
  if (x.rank !== 4) throw shapeError(name, "an [N, C, H, W] input", show(x.shape));
  const extent = (a: 0 | 1) =>
    Math.floor((x.shape[2 + a] + pads[a] + pads[a + 2] - dilation[a] * (kernel[a] - 1) - 1) / stride[a]) + 1;
  const shape = [x.shape[0], x.shape[1], extent(0), extent(1)];
  for (const a of [0, 1] as const)
    if (Math.max(pads[a], pads[a + 2]) > dilation[a] * (kernel[a] - 1))
      throw shapeError(name, `pads smaller than the ${kernel.join("×")} window`, show(pads));
  if (shape[2] < 1 || shape[3] < 1)
    throw shapeError(name, `a picture at least as large as the ${kernel.join("×")} window`, show(x.shape));
  return shape;
}

/** For each output: calls `visit(output, flat input positions inside the picture)`. */
function windows(
  x: NDArray,
  shape: readonly number[],
  { kernel, stride, dilation, pads }: PoolAttrs,
  visit: (o: number, inside: number[]) => void,
) {
  const [, , h, w] = x.shape;
  const [, , oh, ow] = shape;
  const planes = shape[0] * shape[1];
  for (let p = 0; p < planes; p++)
    for (let y = 0; y < oh; y++)
      for (let q = 0; q < ow; q++) {
        const inside: number[] = [];
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++) {
            const r = y * stride[0] + i * dilation[0] - pads[0];
            const c = q * stride[1] + j * dilation[1] - pads[1];
            if (r >= 0 && r < h && c >= 0 && c < w) inside.push((p * h + r) * w + c);
          }
        visit((p * oh + y) * ow + q, inside);
      }
}

function onnxAttributes(a: PoolAttrs) {
  const dilated = a.dilation[0] !== 1 || a.dilation[1] !== 1;
  return {
    kernel_shape: { ints: a.kernel },
    strides: { ints: a.stride },
    pads: { ints: a.pads },
    ...(dilated ? { dilations: { ints: a.dilation } } : {}),
  };
}

export const averagePoolOp: Op<PoolAttrs> = {
  name: "averagePool",
  infer: ([x], attrs) => ({ shape: pooledShape("averagePool", x, attrs), dtype: x.dtype }),
  evaluate([x], attrs, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    const full = attrs.kernel[0] * attrs.kernel[1];
    windows(x, shape, attrs, (o, inside) => {
      out[o] = inside.reduce((s, i) => s + x.data[i], 0) / (attrs.countPadding ? full : inside.length);
    });
    return out;
  },
  onnx(emit, [x], node) {
    const attrs = node.attrs as PoolAttrs;
    return emit.node("AveragePool", [x], {
      ...onnxAttributes(attrs),
      count_include_pad: { i: attrs.countPadding ? 1 : 0 },
    });
  },
  vjp({ inputs: [x], attrs, gradient }) {
    const { kernel, stride, dilation, pads } = attrs;
    const [n, c, h, w] = x.shape;
    const weights = attrs.countPadding
      ? gradient.mul(1 / (kernel[0] * kernel[1]))
      : gradient.div(counts(x, attrs, gradient.shape));
    if (isTiling(attrs, x.shape, gradient.shape)) return [weights.resize({ size: [h, w] })];
    const planes = weights.reshape([n * c, 1, gradient.shape[2], gradient.shape[3]]);
    const rest = (a: 0 | 1) =>
      x.shape[2 + a] +
      pads[a] +
      pads[a + 2] -
      dilation[a] * (kernel[a] - 1) -
      1 -
      (gradient.shape[2 + a] - 1) * stride[a];
    const spread = convTranspose(planes, ones([1, 1, ...kernel], x.dtype), {
      stride,
      dilation,
      pads,
      outputPadding: [rest(0), rest(1)],
    });
    return [spread.reshape([n, c, h, w])];
  },
};

/** Do the windows cover the picture without overlap? Then spreading is up-sampling. */
function isTiling({ kernel, stride, dilation, pads }: PoolAttrs, from: Shape, to: Shape): boolean {
  const axis = (a: 0 | 1) =>
    kernel[a] === stride[a] && (dilation[a] === 1 || kernel[a] === 1) && to[2 + a] * kernel[a] === from[2 + a];
  return pads.every((p) => p === 0) && axis(0) && axis(1);
}

/** How many pixels of the picture each window covers, as a constant. */
function counts(x: Tensor, { kernel, stride, dilation, pads }: PoolAttrs, shape: readonly number[]): Tensor {
  const along = (a: 0 | 1, n: number) =>
    Array.from({ length: n }, (_, o) => {
      const hits = Array.from({ length: kernel[a] }, (_, k) => o * stride[a] + k * dilation[a] - pads[a]);
      return hits.filter((p) => p >= 0 && p < x.shape[2 + a]).length;
    });
  const columns = along(1, shape[3]);
  return constant(
    along(0, shape[2]).flatMap((r) => columns.map((c) => r * c)),
    [shape[2], shape[3]],
    x.dtype,
  );
}

/** Largest entry of each window; padding never wins. */
export const maxPoolOp: Op<PoolAttrs> = {
  name: "maxPool",
  infer: ([x], attrs) => ({ shape: pooledShape("maxPool", x, attrs), dtype: x.dtype }),
  evaluate([x], attrs, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    windows(x, shape, attrs, (o, inside) => {
      out[o] = Math.max(...inside.map((i) => x.data[i]));
    });
    return out;
  },
  onnx: (emit, [x], node) => emit.node("MaxPool", [x], onnxAttributes(node.attrs as PoolAttrs)),
  vjp({ inputs: [x], attrs, gradient }) {
    const indices = apply(maxPoolIndicesOp, [x], attrs).reshape([1, -1]);
    return [scatterElementsAdd(gradient.reshape([1, -1]), indices, 1, x.size).reshape(x.shape)];
  },
};

/** Where each window's largest entry stands, as a position in the flattened input (ONNX MaxPool's second output). */
export const maxPoolIndicesOp: Op<PoolAttrs> = {
  name: "maxPoolIndices",
  infer: ([x], attrs) => ({ shape: pooledShape("maxPoolIndices", x, attrs), dtype: "int64" }),
  evaluate([x], attrs, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    windows(x, shape, attrs, (o, inside) => {
      out[o] = inside.reduce((best, i) => (x.data[i] > x.data[best] ? i : best), inside[0]);
    });
    return out;
  },
  onnx: (emit, [x], node) => emit.nodes("MaxPool", [x], 2, onnxAttributes(node.attrs as PoolAttrs))[1],
};

/** Averages over windows of [N, C, H, W], or of [N, C, L] (then options are numbers, `pads` also `[left, right]`). */
export function averagePool(x: Tensor, options: PoolOptions): Tensor {
  return pooled(averagePoolOp, x, options);
}

/** Largest entries of windows of [N, C, H, W] or [N, C, L]; where several are equal, the derivative goes to the first. */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  return pooled(maxPoolOp, x, options);
}

function pooled(op: Op<PoolAttrs>, x: Tensor, options: PoolOptions): Tensor {
  if (x.rank !== 3) return apply(op, [x], attrsOf(options));
  const { kernel, stride } = options;
  const attrs = { kernel: line(kernel, 1), ...lineOptions({ ...options, stride: stride ?? kernel }) };
  return apply(op, [x.unsqueeze(2)], attrsOf({ ...options, ...attrs })).squeeze(2);
}
