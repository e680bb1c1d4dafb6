import type { Tensor } from "../../tensor/index.ts";
import { conv, convTranspose } from "../../tensor/ops/index.ts";
import type { Window } from "./windows.ts";

/** Convolutions of one, two or three spatial axes, made of the two-dimensional one. */

type Pair = readonly [number, number];
const pair = (list: readonly number[]): Pair => (list.length === 1 ? [1, list[0]] : [list[0], list[1]]);

/** `[top, left, bottom, right]`; a signal is a picture of height 1. */
function pads2d({ begin, end }: Window): [number, number, number, number] {
  return begin.length === 1 ? [0, begin[0], 0, end[0]] : [begin[0], begin[1], end[0], end[1]];
}

/** The window of the last two of three axes. */
function inPlane(w: Window): Window {
  const tail = (list: readonly number[]) => list.slice(1);
  return {
    kernel: tail(w.kernel),
    strides: tail(w.strides),
    dilations: tail(w.dilations),
    begin: tail(w.begin),
    end: tail(w.end),
  };
}

const swapDepth = [0, 2, 1, 3, 4];

export function convNd(x: Tensor, weight: Tensor, bias: Tensor | undefined, groups: number, w: Window): Tensor {
  if (x.rank === 3) return convNd(x.unsqueeze(2), weight.unsqueeze(2), bias, groups, w).squeeze(2);
  if (x.rank === 4)
    return conv(x, weight, { bias, groups, stride: pair(w.strides), dilation: pair(w.dilations), pads: pads2d(w) });
  const [n, , depth] = x.shape;
  const padded = x.pad(x.shape.map((_, i) => (i === 2 ? [w.begin[0], w.end[0]] : [0, 0])));
  const frames = padded.transpose(swapDepth);
  const count = Math.floor((depth + w.begin[0] + w.end[0] - w.dilations[0] * (w.kernel[0] - 1) - 1) / w.strides[0]) + 1;
  const parts = Array.from({ length: w.kernel[0] }, (_, k) => {
    const first = k * w.dilations[0];
    const slab = frames.slice([first], [first + (count - 1) * w.strides[0] + 1], [1], [w.strides[0]]);
    const kernel = weight.narrow(2, k, 1).squeeze(2);
    const own = k === 0 ? bias : undefined;
    return convNd(slab.reshape([n * count, ...slab.shape.slice(2)]), kernel, own, groups, inPlane(w));
  });
  const sum = parts.reduce((a, b) => a.add(b));
  return sum.reshape([n, count, ...sum.shape.slice(1)]).transpose(swapDepth);
}

/** @param extra entries added behind the output along each axis */
export function convTransposeNd(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  groups: number,
  w: Window,
  extra: readonly number[],
): Tensor {
  if (x.rank === 3) return convTransposeNd(x.unsqueeze(2), weight.unsqueeze(2), bias, groups, w, extra).squeeze(2);
  if (x.rank === 4) {
    const outputPadding: Pair = extra.length === 1 ? [0, extra[0]] : [extra[0], extra[1]];
    const options = { bias, groups, stride: pair(w.strides), dilation: pair(w.dilations), pads: pads2d(w) };
    return convTranspose(x, weight, { ...options, outputPadding });
  }
  const [n, , depth] = x.shape;
  const frames = x.transpose(swapDepth).reshape([n * depth, x.shape[1], ...x.shape.slice(3)]);
  const spread = (depth - 1) * w.strides[0] + 1;
  const span = w.dilations[0] * (w.kernel[0] - 1);
  const parts = Array.from({ length: w.kernel[0] }, (_, k) => {
    const kernel = weight.narrow(2, k, 1).squeeze(2);
    const plane = convTransposeNd(frames, kernel, undefined, groups, inPlane(w), extra.slice(1));
    const stack = plane.reshape([n, depth, 1, ...plane.shape.slice(1)]);
    const gaps = stack.pad(stack.shape.map((_, i) => (i === 2 ? [0, w.strides[0] - 1] : [0, 0])));
    const open = gaps.reshape([n, depth * w.strides[0], ...plane.shape.slice(1)]).narrow(1, 0, spread);
    const before = k * w.dilations[0];
    return open.pad(open.shape.map((_, i) => (i === 1 ? [before, span - before + extra[0]] : [0, 0])));
  });
  const sum = parts.reduce((a, b) => a.add(b)).transpose(swapDepth);
  const cropped = sum.pad(sum.shape.map((_, i) => (i === 2 ? [-w.begin[0], -w.end[0]] : [0, 0])));
  return bias ? cropped.add(bias.reshape([bias.size, 1, 1, 1])) : cropped;
}
