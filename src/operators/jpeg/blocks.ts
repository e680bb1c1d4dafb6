import { constant, type Tensor } from "../../tensor/index.ts";
import { clipped, type Rounding, rounded } from "../rounding.ts";

const side = 8;

/** The 64 patterns of the orthonormal 8×8 cosine transform as filters [64, 1, 8, 8]. */
const patterns = (() => {
  const wave = (k: number, i: number) =>
    Math.sqrt((k === 0 ? 1 : 2) / side) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * side));
  const values = Float64Array.from({ length: side ** 4 }, (_, at) => {
    const [u, v, i, j] = [at >> 9, (at >> 6) & 7, (at >> 3) & 7, at & 7];
    return wave(u, i) * wave(v, j);
  });
  return constant(values, [side * side, 1, side, side], "float32");
})();

/**
 * Planes [N, 1, h, w] of samples 0..255 as a decoder gives them back: shifted, cut in 8×8 blocks (the last row and column
 * repeated to whole ones), transformed, their coefficients divided by the table, rounded and multiplied again,
 * transformed back, rounded to 8 bits.
 */
export function codedPlane(x: Tensor, table: readonly number[], how: Rounding): Tensor {
  const [, , height, width] = x.shape;
  const extended = padded(x, (side - (height % side)) % side, (side - (width % side)) % side);
  const steps = constant(Float64Array.from(table), [1, side * side, 1, 1], "float32");
  const coefficients = whole(extended.sub(128).conv(patterns, { stride: side }).mul(8), how).mul(0.125);
  // libjpeg has coefficients in eighths, and rounds halves of a step away from 0.
  const inSteps = coefficients.div(steps);
  const turned = how === "smooth" ? inSteps : inSteps.add(coefficients.sign().mul(1e-4).stopGradient());
  const kept = rounded(turned, how).mul(steps);
  const back = kept.convTranspose(patterns, { stride: side }).add(128);
  return sample(back.narrow(2, 0, height).narrow(3, 0, width), how);
}

/** Numbers as 8-bit samples: whole, from 0 to 255. */
export function sample(x: Tensor, how: Rounding): Tensor {
  return clipped(whole(x, how), 0, 255, how);
}

/**
 * Rounds where a codec holds whole numbers. Smooth rounding leaves this out: it would hardly change the result, but several
 * slopes below 1, one after the other, would leave next to nothing of the gradient.
 */
export function whole(x: Tensor, how: Rounding): Tensor {
  return how === "smooth" ? x : rounded(x, how);
}

/** Repeats the last row and the last column. */
export function padded(x: Tensor, below: number, beside: number): Tensor {
  return x.pad(
    [
      [0, 0],
      [0, 0],
      [0, below],
      [0, beside],
    ],
    "edge",
  );
}
