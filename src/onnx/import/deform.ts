import { concat, constant, type Tensor } from "../../tensor/index.ts";
import type { Family, OnnxNode } from "./node.ts";
import { interpolate } from "./sampling.ts";
import { positions, windowOf } from "./windows.ts";

/**
 * Deformable convolution (Dai et al., arXiv 1703.06211; with a mask: Zhu et al., arXiv 1811.11168): each tap of the
 * kernel reads the picture, bilinearly, at its place plus an offset that is an input. Outside the picture lie zeros.
 */
function deformConv(node: OnnxNode): Tensor {
  const [x, weight, offset] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const [bias, mask] = [node.optional(3), node.optional(4)];
  if (x.rank !== 4) throw node.unsupported(`${x.rank - 2} spatial axes`);
  const [n, channels] = x.shape;
  const [outputs, perGroup, kh, kw] = weight.shape;
  const window = windowOf(node, x.shape.slice(2), [kh, kw]);
  const [height, width] = positions(window, x.shape.slice(2));
  const [taps, area] = [kh * kw, height * width];
  const sharing = node.attributes.int("offset_group", 1);
  const shifts = offset.reshape([n, sharing, taps, 2, area]);
  // Where the taps stand without offsets, [taps, area], along each axis.
  const rest = [0, 1].map((axis) => {
    const at = Array.from({ length: taps * area }, (_, i) => {
      const [tap, place] = [Math.floor(i / area), i % area];
      const k = axis === 0 ? Math.floor(tap / kw) : tap % kw;
      const p = axis === 0 ? Math.floor(place / width) : place % width;
      return p * window.strides[axis] - window.begin[axis] + k * window.dilations[axis];
    });
    return constant(at, [taps, area], x.dtype);
  });
  const depth = channels / sharing;
  const groups = Array.from({ length: sharing }, (_, g) => {
    const own = shifts.narrow(1, g, 1).squeeze(1);
    const places = rest.map((r, axis) =>
      own
        .narrow(2, axis, 1)
        .squeeze(2)
        .add(r)
        .reshape([n, taps * area]),
    );
    const seen = interpolate(x.narrow(1, g * depth, depth), places, "linear", (p) => p, true);
    const shares = mask
      ?.reshape([n, sharing, 1, taps * area])
      .narrow(1, g, 1)
      .squeeze(1);
    return shares ? seen.mul(shares) : seen;
  });
  const count = node.attributes.int("group", 1);
  const columns = concat(groups, 1).reshape([n, count, perGroup * taps, area]);
  const rows = weight.reshape([count, outputs / count, perGroup * taps]);
  const y = rows.matmul(columns).reshape([n, outputs, height, width]);
  return bias ? y.add(bias.reshape([outputs, 1, 1])) : y;
}

export const deformable: Family = { DeformConv: deformConv };
