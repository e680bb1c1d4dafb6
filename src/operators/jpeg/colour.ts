import { concat, constant, type Tensor } from "../../tensor/index.ts";
import type { Rounding } from "../rounding.ts";
import { padded, sample, whole } from "./blocks.ts";

const matrix = (rows: readonly (readonly number[])[]) =>
  constant(Float64Array.from(rows.flat()), [3, 3, 1, 1], "float32");

/** JFIF: Y, Cb and Cr from red, green and blue, all 0..255 (without the 128 of Cb and Cr). */
const forward = matrix([
  [0.299, 0.587, 0.114],
  [-0.168735892, -0.331264108, 0.5],
  [0.5, -0.418687589, -0.081312411],
]);
const backward = matrix([
  [1, 0, 1.402],
  [1, -0.344136286, -0.714136286],
  [1, 1.772, 0],
]);
const middle = constant(Float64Array.of(0, 128, 128), [1, 3, 1, 1], "float32");

/** [N, 3, H, W] red, green, blue as 8-bit Y, Cb, Cr. */
export function toYcc(rgb: Tensor, how: Rounding): Tensor {
  return sample(rgb.conv(forward).add(middle), how);
}

export function toRgb(ycc: Tensor, how: Rounding): Tensor {
  return sample(ycc.sub(middle).conv(backward), how);
}

const quarter = constant(Float64Array.of(1, 1, 1, 1), [1, 1, 2, 2], "float32");

/**
 * [N, 1, h, w] at half the size: means of 2×2 samples, whole numbers, halves rounded down and up in turn as libjpeg does.
 * Columns are repeated to whole blocks of 8, rows to an even number.
 */
export function halved(x: Tensor, how: Rounding): Tensor {
  const [, , height, width] = x.shape;
  const even = padded(x, height % 2, (16 - (width % 16)) % 16);
  const sums = even.conv(quarter, { stride: 2 });
  if (how === "smooth") return sums.mul(0.25);
  // ⌊(s + 1)/4⌋ and ⌊(s + 2)/4⌋ in turn: s is whole, so that rounding s + b - 3/2 to the nearest does it.
  const bias = constant(
    Float64Array.from({ length: sums.shape[3] }, (_, j) => (j % 2 === 0 ? -0.5 : 0.5)),
    [1, 1, 1, sums.shape[3]],
    "float32",
  );
  return whole(sums.add(bias).mul(0.25), how);
}

/**
 * [N, 1, h, w] at twice the size, cut to `height` × `width`: each sample 3/4 of the nearer and 1/4 of the further one along
 * both axes (libjpeg's "fancy" upsampling), the border repeated, rounded as there.
 */
export function doubled(x: Tensor, height: number, width: number, how: Rounding): Tensor {
  const tall = alongAxis(x, 2);
  const wide = alongAxis(tall, 3);
  const inside = (y: Tensor) => y.narrow(2, 0, height).narrow(3, 0, width);
  if (how === "smooth") return inside(wide);
  const columns = wide.shape[3];
  // ⌊(v + 8)/16⌋ and ⌊(v + 7)/16⌋ in turn, v being 16 times the mean.
  const bias = constant(
    Float64Array.from({ length: columns }, (_, j) => (j % 2 === 0 ? 0.5 : -0.5) / 16),
    [1, 1, 1, columns],
    "float32",
  );
  return inside(whole(wide.add(bias), how));
}

function alongAxis(x: Tensor, axis: 2 | 3): Tensor {
  const n = x.shape[axis];
  const amounts = [0, 1, 2, 3].map((i) => (i === axis ? [1, 1] : [0, 0]) as [number, number]);
  const ends = x.pad(amounts, "edge");
  const near = x.mul(0.75);
  const [before, after] = [0, 2].map((start) => near.add(ends.narrow(axis, start, n).mul(0.25)));
  const pairs = before.unsqueeze(axis + 1);
  const both = [pairs, after.unsqueeze(axis + 1)];
  const shape = x.shape.map((d, i) => (i === axis ? 2 * d : d));
  return concat(both, axis + 1).reshape(shape);
}
