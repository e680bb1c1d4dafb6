import type { Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type ConvOptions, conv, convOp, convTranspose } from "./conv.ts";
import { spaceToDepthOp } from "./rearrange.ts";
import { concat } from "./slice.ts";
import { ones } from "./source.ts";
import { four, pair } from "./window.ts";

// A pointwise convolution before or after a pixel shuffle is one convolution whose windows lie side by side. ONNX Runtime
// does that two to five times faster, and the large tensor keeps the layout of the convolutions around it.

function isPointwise(w: Tensor, { stride, groups = 1, pads }: ConvOptions): boolean {
  const plain = [...pair(stride, 1).map((s) => s - 1), ...four(pads)].every((v) => v === 0);
  return w.rank === 4 && w.shape[2] === 1 && w.shape[3] === 1 && groups === 1 && plain;
}

/** The convolution `conv(x, weight, options)` where it is pointwise and x is a spaceToDepth (CRD), else undefined. */
export function pointwiseOfShuffled(x: Tensor, weight: Tensor, options: ConvOptions): Tensor | undefined {
  if (x.op !== (spaceToDepthOp as Op) || !isPointwise(weight, options)) return undefined;
  const { block, order } = x.attrs as { block: number; order: string };
  const [source] = x.inputs;
  if (order !== "CRD" || weight.shape[1] !== x.shape[1]) return undefined;
  return conv(source, weight.reshape(weight.shape[0], source.shape[1], block, block), { ...options, stride: block });
}

/**
 * depthToSpace (CRD) of x where x is a pointwise convolution, as a transposed convolution, else undefined. A bias, which
 * differs within a window, is the weight of a channel of ones.
 */
export function shuffledPointwise(x: Tensor, block: number): Tensor | undefined {
  if (x.op !== (convOp as Op) || !isPointwise(x.inputs[1], x.attrs as ConvOptions)) return undefined;
  const [u, w, bias] = x.inputs;
  const [n, , h, width] = u.shape;
  const o = w.shape[0] / block ** 2;
  if (!Number.isInteger(o) || x.size === 0) return undefined;
  const turned = (t: Tensor) => t.reshape(w.shape[0], -1).transpose().reshape(-1, o, block, block);
  if (!bias) return convTranspose(u, turned(w), { stride: block });
  const one = ones([n, 1, h, width], u.dtype);
  return convTranspose(concat([u, one], 1), concat([turned(w), turned(bias)], 0), { stride: block });
}
