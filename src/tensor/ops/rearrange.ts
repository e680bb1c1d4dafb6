import type { Op } from "../op.ts";
import { shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { shuffledPointwise } from "./shuffled-conv.ts";

/**
 * How the block offset (i, j) and the channel c share the depth axis: `CRD` c·b² + i·b + j (PyTorch pixel_shuffle),
 * `DCR` (i·b + j)·C + c (ONNX SpaceToDepth).
 */
export type DepthOrder = "CRD" | "DCR";

export interface BlockAttrs {
  readonly block: number;
  readonly order: DepthOrder;
}

function checkBlock(name: string, x: Tensor, block: number): void {
  if (x.rank !== 4) throw shapeError(name, "an [N, C, H, W] input", show(x.shape));
  if (!Number.isInteger(block) || block < 1) throw shapeError(name, "a block of at least 1", String(block));
}

/** Flat index of element (n, c, h, w) of the wide picture inside the deep one. */
function deepIndex(wide: readonly number[], { block: b, order }: BlockAttrs): Int32Array {
  const [n, c, h, w] = wide;
  const [dh, dw] = [h / b, w / b];
  const out = new Int32Array(n * c * h * w);
  let at = 0;
  for (let s = 0; s < n; s++)
    for (let k = 0; k < c; k++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
          const offset = (y % b) * b + (x % b);
          const depth = order === "CRD" ? k * b * b + offset : offset * c + k;
          out[at++] = ((s * c * b * b + depth) * dh + Math.floor(y / b)) * dw + Math.floor(x / b);
        }
  return out;
}

export const depthToSpaceOp: Op<BlockAttrs> = {
  name: "depthToSpace",
  infer([x], { block }) {
    checkBlock("depthToSpace", x, block);
    const [n, c, h, w] = x.shape;
    if (c % (block * block) !== 0)
      throw shapeError("depthToSpace", `channels divisible by ${block * block}`, show(x.shape));
    return { shape: [n, c / (block * block), h * block, w * block], dtype: x.dtype };
  },
  evaluate: ([x], attrs, { shape }) => Float64Array.from(deepIndex(shape, attrs), (i) => x.data[i]),
  onnx(emit, [x], node) {
    const { block, order } = node.attrs as BlockAttrs;
    return emit.node("DepthToSpace", [x], { blocksize: { i: block }, mode: { s: order } });
  },
  vjp: ({ attrs: { block, order }, gradient }) => [spaceToDepth(gradient, block, order)],
};

export const spaceToDepthOp: Op<BlockAttrs> = {
  name: "spaceToDepth",
  infer([x], { block }) {
    checkBlock("spaceToDepth", x, block);
    const [n, c, h, w] = x.shape;
    if (h % block !== 0 || w % block !== 0)
      throw shapeError("spaceToDepth", `height and width divisible by ${block}`, show(x.shape));
    return { shape: [n, c * block * block, h / block, w / block], dtype: x.dtype };
  },
  evaluate([x], attrs) {
    const out = new Float64Array(x.data.length);
    deepIndex(x.shape, attrs).forEach((to, i) => {
      out[to] = x.data[i];
    });
    return out;
  },
  onnx(emit, [x], node) {
    const { block: b, order } = node.attrs as BlockAttrs;
    const deep = emit.node("SpaceToDepth", [x], { blocksize: { i: b } });
    if (order === "DCR") return deep;
    // Whole planes change places: several times faster than a transpose of six axes or of pixels within rows.
    const [n, c, h, w] = node.inputs[0].shape;
    const planes = emit.node("Reshape", [deep, emit.ints([n, b * b, c, (h / b) * (w / b)])]);
    const sorted = emit.node("Transpose", [planes], { perm: { ints: [0, 2, 1, 3] } });
    return emit.node("Reshape", [sorted, emit.ints(node.shape)]);
  },
  vjp: ({ attrs: { block, order }, gradient }) => [depthToSpace(gradient, block, order)],
};

/** A pointwise convolution before it joins it as one transposed convolution with windows side by side, which is faster. */
export function depthToSpace(x: Tensor, block: number, order: DepthOrder = "CRD"): Tensor {
  return (order === "CRD" && shuffledPointwise(x, block)) || apply(depthToSpaceOp, [x], { block, order });
}

export function spaceToDepth(x: Tensor, block: number, order: DepthOrder = "CRD"): Tensor {
  return apply(spaceToDepthOp, [x], { block, order });
}
