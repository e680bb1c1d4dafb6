import {
  concat,
  constant,
  gatherElements,
  maximum,
  minimum,
  mod,
  range,
  type Tensor,
  where,
} from "../../tensor/index.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";

type Padding = "zeros" | "border" | "reflection";

/** Values of x [N, C, ...extents] at whole positions, one tensor [N, points] per axis; outside lie zeros where `zeros`. */
function read(x: Tensor, at: readonly Tensor[], zeros: boolean): Tensor {
  const extents = x.shape.slice(2);
  const strides = stridesOf(extents);
  const [n, points] = at[0].shape;
  let flat = constant(0, [], x.dtype);
  let inside: Tensor | undefined;
  at.forEach((p, i) => {
    const safe = p.clip(0, extents[i] - 1);
    flat = flat.add(safe.mul(strides[i]));
    if (zeros) inside = inside ? inside.and(safe.equal(p)) : safe.equal(p);
  });
  const index = flat.cast("int64").unsqueeze(1).expand([n, x.shape[1], points]);
  const values = gatherElements(x.reshape([n, x.shape[1], sizeOf(extents)]), index, 2);
  return inside ? where(inside.unsqueeze(1), values, 0) : values;
}

/** Weights of the neighbours of a position with fraction t, nearest first offset given. */
function kernel(mode: string, t: Tensor): { first: number; weights: Tensor[] } {
  const one = t.neg().add(1);
  if (mode === "linear") return { first: 0, weights: [one, t] };
  const a = -0.75; // Keys' cubic, as PyTorch
  const near = (d: Tensor) =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1);
  const far = (d: Tensor) => d.sub(5).mul(d).add(8).mul(d).sub(4).mul(a);
  return { first: -1, weights: [far(t.add(1)), near(t), near(one), far(one.add(1))] };
}

/** Interpolates x [N, C, ...extents] at positions given in pixels, one tensor [N, points] per axis. */
export function interpolate(
  x: Tensor,
  positions: readonly Tensor[],
  mode: string,
  place: (p: Tensor, axis: number) => Tensor,
  zeros: boolean,
): Tensor {
  const axes = positions.map((p) => {
    const base = p.floor();
    return { base, ...kernel(mode, p.sub(base)) };
  });
  let result: Tensor | undefined;
  const visit = (axis: number, at: Tensor[], weight: Tensor | undefined) => {
    if (axis === axes.length) {
      const part = read(x, at, zeros).mul((weight as Tensor).unsqueeze(1));
      result = result ? result.add(part) : part;
      return;
    }
    const { base, first, weights } = axes[axis];
    weights.forEach((w, k) => {
      visit(axis + 1, [...at, place(base.add(first + k), axis)], weight ? weight.mul(w) : w);
    });
  };
  visit(0, [], undefined);
  return result as Tensor;
}

/** Folds positions back and forth between two mirrors. */
function reflect(p: Tensor, low: number, high: number): Tensor {
  if (high <= low) return p.mul(0).add(low);
  const t = mod(p.sub(low), 2 * (high - low));
  return where(t.greater(high - low), t.neg().add(2 * (high - low)), t).add(low);
}

function gridSample(node: OnnxNode): Tensor {
  const [x, grid] = [node.tensor(0), node.tensor(1)];
  const extents = x.shape.slice(2);
  const aligned = node.attributes.flag("align_corners");
  const padding = node.attributes.string("padding_mode", "zeros") as Padding;
  const mode = node.attributes.string("mode", "linear").replace("bilinear", "linear").replace("bicubic", "cubic");
  const [n, axes] = [x.shape[0], extents.length];
  const points = grid.reshape([n, sizeOf(grid.shape.slice(1, -1)), axes]);
  const edges = (i: number): [number, number] => (aligned ? [0, extents[i] - 1] : [-0.5, extents[i] - 0.5]);
  const place = (p: Tensor, i: number) => {
    if (padding === "border") return p.clip(0, extents[i] - 1);
    return padding === "reflection" ? reflect(p, ...edges(i)).round() : p;
  };
  const positions = extents.map((d, i) => {
    const g = points.narrow(2, axes - 1 - i, 1).squeeze(2); // the grid names the last axis first
    const p = aligned
      ? g.add(1).mul((d - 1) / 2)
      : g
          .add(1)
          .mul(d / 2)
          .sub(0.5);
    const pixel = mode === "nearest" ? p.round() : p;
    if (padding === "border") return pixel.clip(0, d - 1);
    return padding === "reflection" ? reflect(pixel, ...edges(i)) : pixel;
  });
  const shape = [n, x.shape[1], ...grid.shape.slice(1, -1)];
  const zeros = padding === "zeros";
  if (mode === "nearest")
    return read(
      x,
      positions.map((p, i) => place(p, i).round()),
      zeros,
    ).reshape(shape);
  return interpolate(x, positions, mode, place, zeros).reshape(shape);
}

/** Positions of the output's pixels under an affine map, for GridSample. */
function affineGrid(node: OnnxNode): Tensor {
  const theta = node.tensor(0);
  const [n, , ...extents] = node.numbers(1, "size");
  const aligned = node.attributes.flag("align_corners");
  const axes = extents.map((d, i) => {
    const k = range(0, d, 1, theta.dtype);
    const line = aligned ? k.mul(d > 1 ? 2 / (d - 1) : 0).sub(1) : k.mul(2).add(1).div(d).sub(1);
    return line
      .reshape(extents.map((_, j) => (j === i ? d : 1)))
      .expand(extents)
      .unsqueeze(-1);
  });
  const grid = concat([...axes.reverse(), constant(1, [...extents, 1], theta.dtype)], extents.length);
  const points = grid.reshape([1, sizeOf(extents), extents.length + 1]);
  return points.matmul(theta.transpose([0, 2, 1])).reshape([n, ...extents, extents.length]);
}

/** Averages (or takes the largest of) samples in a grid of bins over each region of interest. */
function regionAlign(node: OnnxNode): Tensor {
  const { attributes } = node;
  const [x, regions, owners] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const [height, width] = [attributes.int("output_height", 1), attributes.int("output_width", 1)];
  const per = attributes.int("sampling_ratio", 0);
  if (per <= 0) throw node.unsupported("a sampling ratio that depends on the regions");
  const half =
    attributes.string("coordinate_transformation_mode", node.version >= 16 ? "half_pixel" : "output_half_pixel") ===
    "half_pixel";
  const scaled = regions.mul(attributes.float("spatial_scale", 1)).sub(half ? 0.5 : 0);
  const count = regions.shape[0];
  const corner = (k: number) => scaled.narrow(1, k, 1); // [R, 1]
  const line = (low: Tensor, high: Tensor, bins: number) => {
    const extent = half ? high.sub(low) : maximum(high.sub(low), 1);
    const steps = range(0, bins * per, 1, x.dtype)
      .add(0.5)
      .div(per * bins);
    return low.add(extent.mul(steps)); // [R, bins·per]
  };
  const rows = line(corner(1), corner(3), height);
  const columns = line(corner(0), corner(2), width);
  const points = [height * per, width * per];
  const lay = (p: Tensor, shape: readonly number[]) =>
    p
      .reshape(shape)
      .expand([count, ...points])
      .reshape([count, points[0] * points[1]]);
  const positions = [lay(rows, [count, points[0], 1]), lay(columns, [count, 1, points[1]])];
  const extents = x.shape.slice(2);
  // Samples within one pixel of the picture read its edge; farther ones are zero.
  const inside = positions
    .map((p, i) => p.greaterOrEqual(-1).and(p.lessOrEqual(extents[i])))
    .reduce((a, b) => a.and(b));
  const clipped = positions.map((p, i) => p.clip(0, extents[i] - 1));
  const source = x.gather(owners, 0);
  const edge = (p: Tensor, i: number) => minimum(p, extents[i] - 1);
  if (attributes.string("mode", "avg") === "max")
    return regionMax(source, clipped, inside, [count, height, width, per]);
  const samples = where(inside.unsqueeze(1), interpolate(source, clipped, "linear", edge, false), 0);
  return samples.reshape([count, x.shape[1], height, per, width, per]).mean([3, 5]);
}

/** The largest weighted corner of any sample in a bin (ONNX takes it before the four are summed). */
function regionMax(
  source: Tensor,
  positions: readonly Tensor[],
  inside: Tensor,
  [count, height, width, per]: readonly number[],
): Tensor {
  const extents = source.shape.slice(2);
  const [rows, columns] = positions.map((p) => ({ base: p.floor(), t: p.sub(p.floor()) }));
  const corners = [0, 1].flatMap((i) =>
    [0, 1].map((j) => {
      const weight = (i ? rows.t : rows.t.neg().add(1)).mul(j ? columns.t : columns.t.neg().add(1));
      const at = [minimum(rows.base.add(i), extents[0] - 1), minimum(columns.base.add(j), extents[1] - 1)];
      return read(source, at, false).mul(weight.unsqueeze(1));
    }),
  );
  const best = where(inside.unsqueeze(1), corners.reduce(maximum), 0);
  return best.reshape([count, source.shape[1], height, per, width, per]).max([3, 5]);
}

export const sampling: Family = { AffineGrid: affineGrid, GridSample: gridSample, RoiAlign: regionAlign };
