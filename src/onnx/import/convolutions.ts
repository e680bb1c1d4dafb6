import { concat, constant, type Tensor, zeros } from "../../tensor/index.ts";
import { conv } from "../../tensor/ops/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { convNd, convTransposeNd } from "./conv-nd.ts";
import type { Family, OnnxNode } from "./node.ts";
import { reach, shared, type Window, windowOf } from "./windows.ts";

/** A convolution with the attributes of the node. */
export function convolve(node: OnnxNode, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const spatial = x.shape.slice(2);
  if (spatial.length < 1 || spatial.length > 3) throw node.unsupported(`${spatial.length} spatial axes`);
  const window = windowOf(node, spatial, weight.shape.slice(2));
  return convNd(x, weight, bias, node.attributes.int("group", 1), window);
}

function transposed(node: OnnxNode): Tensor {
  const [x, weight, bias] = [node.tensor(0), node.tensor(1), node.optional(2)];
  const spatial = x.shape.slice(2);
  if (spatial.length < 1 || spatial.length > 3) throw node.unsupported(`${spatial.length} spatial axes`);
  const { attributes } = node;
  const kernel = weight.shape.slice(2);
  const strides = attributes.ints("strides") ?? kernel.map(() => 1);
  const dilations = attributes.ints("dilations") ?? kernel.map(() => 1);
  const extra = attributes.ints("output_padding") ?? kernel.map(() => 0);
  const mode = attributes.string("auto_pad", "NOTSET");
  const target =
    attributes.ints("output_shape")?.slice(-spatial.length) ??
    (mode.startsWith("SAME") ? spatial.map((n, i) => n * strides[i]) : undefined);
  let window = windowOf(node, spatial, kernel);
  let tail = extra;
  if (target) {
    // What lies beyond the wanted output is cut off; where the output is larger, zeros follow it.
    const full = spatial.map((n, i) => (n - 1) * strides[i] + reach({ kernel, dilations }, i) + extra[i]);
    const surplus = full.map((f, i) => f - target[i]);
    const cut = surplus.map((s) => Math.max(0, s));
    tail = extra.map((e, i) => e + Math.max(0, -surplus[i]));
    const sides = shared(cut, mode === "SAME_UPPER" ? "SAME_UPPER" : "SAME_LOWER");
    window = { kernel, strides, dilations, ...sides };
  }
  return convTransposeNd(x, weight, bias, attributes.int("group", 1), window, tail);
}

/** Columns back into pictures: the adjoint of cutting out patches, as a transposed convolution with unit kernels. */
function columnsToImage(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const [image, block] = [node.numbers(1, "image shape"), node.numbers(2, "block shape")];
  if (block.length > 3) throw node.unsupported(`${block.length} spatial axes`);
  const window = windowOf(node, image, block);
  const counts = image.map(
    (n, i) => Math.floor((n + window.begin[i] + window.end[i] - reach(window, i)) / window.strides[i]) + 1,
  );
  const taps = sizeOf(block);
  const channels = x.shape[1] / taps;
  const units = new Float32Array(taps * taps);
  for (let i = 0; i < taps; i++) units[i * taps + i] = 1;
  const kernel = constant(units, [taps, 1, ...block]).cast(x.dtype);
  const columns = x.reshape([x.shape[0] * channels, taps, ...counts]);
  const rest = image.map(
    (n, i) => n + window.begin[i] + window.end[i] - reach(window, i) - (counts[i] - 1) * window.strides[i],
  );
  return convTransposeNd(columns, kernel, undefined, 1, window, rest).reshape([x.shape[0], channels, ...image]);
}

/** A depthwise convolution that looks back only, with the last inputs kept as state for the next call. */
function causalConv(node: OnnxNode): Tensor[] {
  const [x, weight, bias] = [node.tensor(0), node.tensor(1), node.optional(2)];
  const [n, channels, length] = x.shape;
  const memory = weight.shape[2] - 1;
  const past = node.optional(3) ?? zeros([n, channels, memory], x.dtype);
  const whole = memory > 0 ? concat([past, x], 2) : x;
  const y = conv(whole, weight, { bias, groups: channels });
  const activation = node.attributes.string("activation", "none");
  const out = activation === "silu" || activation === "swish" ? y.silu() : y;
  return [out, whole.narrow(2, length, memory)];
}

export const convolutions: Family = {
  CausalConvWithState: causalConv,
  Col2Im: columnsToImage,
  Conv: (node) => convolve(node, node.tensor(0), node.tensor(1), node.optional(2)),
  ConvTranspose: transposed,
};

export type { Window };
