import type { NDArray, Op } from "../op.ts";
import { shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { checkSameType } from "./binary.ts";
import { pointwiseOfShuffled } from "./shuffled-conv.ts";
import { concat } from "./slice.ts";
import { four, line, lineOptions, type Pads, type Pair, pair } from "./window.ts";

export type { Pads, Pair } from "./window.ts";

export interface ConvOptions {
  readonly bias?: Tensor;
  readonly stride?: number | Pair;
  readonly dilation?: number | Pair;
  readonly groups?: number;
  /** `[top, left, bottom, right]` or one number; for [N, C, L] one number or `[left, right]`. */
  readonly pads?: number | Pair | Pads;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Extra rows and columns at the bottom and right of the output. */
  readonly outputPadding?: number | Pair;
}

export interface ConvAttrs {
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly pads: Pads;
}

export interface TransposeAttrs extends ConvAttrs {
  readonly outputPadding: Pair;
}

function attrsOf(o: ConvOptions): ConvAttrs {
  return { stride: pair(o.stride, 1), dilation: pair(o.dilation, 1), groups: o.groups ?? 1, pads: four(o.pads) };
}

function onnxAttributes(a: ConvAttrs) {
  return {
    strides: { ints: a.stride },
    dilations: { ints: a.dilation },
    group: { i: a.groups },
    pads: { ints: a.pads },
  };
}

/**
 * Visits every (input, weight, output) triple of a grouped convolution: a weight with the part of a row of outputs
 * that it reaches, as flat indices of the first input and output, their number, and the inputs' distance.
 */
function walk(
  [n, c, h, w]: readonly number[],
  [o, cg, kh, kw]: readonly number[],
  [oh, ow]: readonly number[],
  { stride, dilation, groups, pads }: ConvAttrs,
  visit: (x: number, k: number, y: number, count: number, step: number) => void,
): void {
  const og = o / groups;
  for (let s = 0; s < n; s++)
    for (let f = 0; f < o; f++) {
      const first = Math.floor(f / og) * cg;
      for (let d = 0; d < cg; d++)
        for (let i = 0; i < kh; i++)
          for (let j = 0; j < kw; j++) {
            const k = ((f * cg + d) * kh + i) * kw + j;
            const left = j * dilation[1] - pads[1];
            const from = Math.max(0, Math.ceil(-left / stride[1]));
            const to = Math.min(ow, Math.floor((w - 1 - left) / stride[1]) + 1);
            if (to <= from) continue;
            for (let y = 0; y < oh; y++) {
              const r = y * stride[0] + i * dilation[0] - pads[0];
              if (r < 0 || r >= h) continue;
              const row = ((s * c + first + d) * h + r) * w;
              const out = ((s * o + f) * oh + y) * ow;
              visit(row + left + from * stride[1], k, out + from, to - from, stride[1]);
            }
          }
    }
}

function addBias(out: Float64Array, shape: readonly number[], bias: NDArray | undefined): Float64Array {
  if (!bias) return out;
  const area = shape[2] * shape[3];
  return out.map((v, i) => v + bias.data[Math.floor(i / area) % shape[1]]);
}

/** Cross-correlation of [N, C, H, W] with [O, C/groups, kh, kw], as every deep-learning library's "convolution". */
export const convOp: Op<ConvAttrs> = {
  name: "conv",
  infer([x, w, bias], { stride, dilation, groups, pads }) {
    if (x.rank !== 4 || w.rank !== 4)
      throw shapeError("conv", "[N, C, H, W] and [O, C/groups, kh, kw]", `${show(x.shape)} and ${show(w.shape)}`);
    checkSameType("conv", x, w);
    const [n, c, h, width] = x.shape;
    const [o, cg, kh, kw] = w.shape;
    if (cg * groups !== c || o % groups !== 0)
      throw shapeError("conv", `a weight for ${c} channels in ${groups} group(s)`, show(w.shape));
    if (bias && (bias.rank !== 1 || bias.shape[0] !== o))
      throw shapeError("conv", `a bias of ${o} values`, show(bias.shape));
    const oh = Math.floor((h + pads[0] + pads[2] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
    const ow = Math.floor((width + pads[1] + pads[3] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1;
    if (oh < 1 || ow < 1)
      throw shapeError("conv", `a picture at least as large as the ${kh}×${kw} kernel`, show(x.shape));
    return { shape: [n, o, oh, ow], dtype: x.dtype };
  },
  evaluate([x, w, bias], attrs, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    walk(x.shape, w.shape, shape.slice(2), attrs, (i, k, o, count, step) => {
      const factor = w.data[k];
      for (let p = 0; p < count; p++) out[o + p] += x.data[i + p * step] * factor;
    });
    return addBias(out, shape, bias);
  },
  onnx: (emit, inputs, node) =>
    emit.node("Conv", inputs, {
      ...onnxAttributes(node.attrs as ConvAttrs),
      kernel_shape: { ints: node.inputs[1].shape.slice(2) },
    }),
  vjp({ inputs: [x, w, bias], attrs, gradient, needs }) {
    return [
      needs[0] ? convInputVjp(gradient, w, attrs, x.shape) : undefined,
      needs[1] ? weightVjp(x, gradient, attrs, w.shape) : undefined,
      bias && needs[2] ? gradient.sum([0, 2, 3]) : undefined,
    ];
  },
};

/** [O, C/g, kh, kw] → [C, O/g, kh, kw], turned by 180°: the weight of the adjoint convolution. */
function adjointWeight(w: Tensor, groups: number): Tensor {
  const [o, cg, kh, kw] = w.shape;
  const swapped = w.reshape([groups, o / groups, cg, kh, kw]).transpose([0, 2, 1, 3, 4]);
  return swapped.reshape([groups * cg, o / groups, kh, kw]).flip([2, 3]);
}

/**
 * Adjoint of a convolution in its input. With stride 1 it is again a convolution, with the turned weight: as fast as
 * the forward pass, where ConvTranspose is 1.2 to 7 times slower in ONNX Runtime.
 */
function convInputVjp(g: Tensor, w: Tensor, attrs: ConvAttrs, [, , h, width]: readonly number[]): Tensor {
  const { stride, dilation, groups, pads } = attrs;
  const reach = [dilation[0] * (w.shape[2] - 1), dilation[1] * (w.shape[3] - 1)];
  const rest: Pair = [
    h + pads[0] + pads[2] - reach[0] - 1 - (g.shape[2] - 1) * stride[0],
    width + pads[1] + pads[3] - reach[1] - 1 - (g.shape[3] - 1) * stride[1],
  ];
  if (stride[0] === 1 && stride[1] === 1) {
    const wide: Pads = [reach[0] - pads[0], reach[1] - pads[1], reach[0] - pads[2], reach[1] - pads[3]];
    const outer = wide.map((p) => Math.max(0, p)) as unknown as Pads;
    const full = conv(g, adjointWeight(w, groups), { dilation, groups, pads: outer });
    return full.pad([
      [0, 0],
      [0, 0],
      [Math.min(0, wide[0]), Math.min(0, wide[2])],
      [Math.min(0, wide[1]), Math.min(0, wide[3])],
    ]);
  }
  return convTranspose(g, w, { stride, dilation, groups, pads, outputPadding: rest });
}

/** Derivative in the weight: a convolution of the input with the cotangent, batch and channels exchanged, stride and dilation too. */
function weightVjp(
  x: Tensor,
  g: Tensor,
  { stride, dilation, groups, pads }: ConvAttrs,
  [, , kh, kw]: readonly number[],
): Tensor {
  const exchange = (t: Tensor) => t.transpose([1, 0, 2, 3]);
  const [c, o] = [x.shape[1] / groups, g.shape[1] / groups];
  const parts = Array.from({ length: groups }, (_, k) => {
    const xs = exchange(x.narrow(1, k * c, c));
    const gs = exchange(g.narrow(1, k * o, o));
    const full = conv(xs, gs, { stride: dilation, dilation: stride, pads });
    return exchange(full.narrow(2, 0, kh).narrow(3, 0, kw));
  });
  return concat(parts, 0);
}

/** Adjoint of `conv` in its input; the weight is [C, O/groups, kh, kw] as in ONNX ConvTranspose. */
export const convTransposeOp: Op<TransposeAttrs> = {
  name: "convTranspose",
  infer([x, w, bias], { stride, dilation, groups, pads, outputPadding }) {
    if (x.rank !== 4 || w.rank !== 4)
      throw shapeError(
        "convTranspose",
        "[N, C, H, W] and [C, O/groups, kh, kw]",
        `${show(x.shape)} and ${show(w.shape)}`,
      );
    checkSameType("convTranspose", x, w);
    const [n, c, h, width] = x.shape;
    if (w.shape[0] !== c || c % groups !== 0)
      throw shapeError("convTranspose", `a weight for ${c} channels in ${groups} group(s)`, show(w.shape));
    const o = w.shape[1] * groups;
    if (bias && (bias.rank !== 1 || bias.shape[0] !== o))
      throw shapeError("convTranspose", `a bias of ${o} values`, show(bias.shape));
    const extent = (size: number, a: 0 | 1) =>
      (size - 1) * stride[a] + dilation[a] * (w.shape[2 + a] - 1) + 1 + outputPadding[a] - pads[a] - pads[a + 2];
    const shape = [n, o, extent(h, 0), extent(width, 1)];
    if (shape[2] < 1 || shape[3] < 1) throw shapeError("convTranspose", "pads smaller than the output", show(shape));
    return { shape, dtype: x.dtype };
  },
  evaluate([x, w, bias], attrs, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    walk(shape, w.shape, x.shape.slice(2), attrs, (i, k, o, count, step) => {
      const factor = w.data[k];
      for (let p = 0; p < count; p++) out[i + p * step] += x.data[o + p] * factor;
    });
    return addBias(out, shape, bias);
  },
  onnx(emit, inputs, node) {
    const attrs = node.attrs as TransposeAttrs;
    return emit.node("ConvTranspose", inputs, {
      ...onnxAttributes(attrs),
      kernel_shape: { ints: node.inputs[1].shape.slice(2) },
      output_padding: { ints: attrs.outputPadding },
    });
  },
  vjp({ inputs: [x, w, bias], attrs: { stride, dilation, groups, pads }, gradient, needs }) {
    const attrs = { stride, dilation, groups, pads };
    return [
      needs[0] ? conv(gradient, w, attrs).narrow(2, 0, x.shape[2]).narrow(3, 0, x.shape[3]) : undefined,
      needs[1] ? weightVjp(gradient, x, attrs, w.shape) : undefined,
      bias && needs[2] ? gradient.sum([0, 2, 3]) : undefined,
    ];
  },
};

const inputsOf = (x: Tensor, w: Tensor, bias: Tensor | undefined) => (bias ? [x, w, bias] : [x, w]);

/** [N, C, L] signals are handled as pictures of height 1. */
const lift = (x: Tensor) => (x.rank === 3 ? x.unsqueeze(2) : x);

/** Cross-correlation of [N, C, H, W] with [O, C/groups, kh, kw], or of [N, C, L] with [O, C/groups, k]. */
export function conv(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  const o = x.rank === 3 ? { ...options, ...lineOptions(options) } : options;
  const joined = pointwiseOfShuffled(x, weight, options);
  if (joined) return joined;
  const y = apply(convOp, inputsOf(lift(x), lift(weight), o.bias), attrsOf(o));
  return x.rank === 3 ? y.squeeze(2) : y;
}

/** Adjoint of {@link conv} in its input: [N, C, H, W] with [C, O/groups, kh, kw] (or [N, C, L] with [C, O/groups, k]). */
export function convTranspose(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const o = x.rank === 3 ? { ...options, ...lineOptions(options) } : options;
  const outputPadding = x.rank === 3 ? line(options.outputPadding, 0) : pair(options.outputPadding, 0);
  const attrs = attrsOf(o);
  // ONNX Runtime refuses an output padding that the stride does not explain. Such rows undo cropping by the pads; those
  // beyond see no pixel and hold the bias.
  const free = outputPadding.map((p, a) => Math.max(0, p - attrs.stride[a] + 1));
  if (free.some((p) => p > 0)) {
    const { pads, ...others } = attrs;
    const uncrop = free.map((p, a) => Math.min(p, pads[a + 2]));
    const inner = apply(convTransposeOp, [lift(x), lift(weight)], {
      ...others,
      pads: [pads[0], pads[1], pads[2] - uncrop[0], pads[3] - uncrop[1]],
      outputPadding: [outputPadding[0] - free[0], outputPadding[1] - free[1]],
    });
    const wide = inner.pad([0, 0, free[0] - uncrop[0], free[1] - uncrop[1]].map((p) => [0, p] as const));
    const z = o.bias ? wide.add(o.bias.reshape(-1, 1, 1)) : wide;
    return x.rank === 3 ? z.squeeze(2) : z;
  }
  const y = apply(convTransposeOp, inputsOf(lift(x), lift(weight), o.bias), { ...attrs, outputPadding });
  return x.rank === 3 ? y.squeeze(2) : y;
}
