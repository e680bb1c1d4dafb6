import type { Planes } from "./ssim.ts";

/** Square patches of a picture whose pixels are all known. Arrays with channels are patch-major. */
export interface PatchTable {
  side: number;
  count: number;
  /** Index of the top left pixel. */
  position: Uint32Array;
  /** Mean per patch and channel. */
  mean: Float64Array;
  /** Energy per patch and channel of the low frequencies (0 < u + v < border), orthonormal DCT. */
  energy: Float64Array;
}

/** More than this many patches are thinned out by a regular stride. */
const MOST_PATCHES = 30_000;

/** The sum of the two frequencies from which on they count as high. */
function border(side: number): number {
  return side >= 8 ? side + 1 : side >= 5 ? side : Math.max(2, side - 1);
}

/** Orthonormal DCT-II: row u is the frequency. */
function dct(side: number): Float64Array {
  const matrix = new Float64Array(side * side);
  for (let u = 0; u < side; u++)
    for (let x = 0; x < side; x++) {
      const scale = Math.sqrt((u === 0 ? 1 : 2) / side);
      matrix[u * side + x] = scale * Math.cos((Math.PI * (2 * x + 1) * u) / (2 * side));
    }
  return matrix;
}

/** All patches of a side (thinned out above a number), with what ranks them. */
export function tabulatePatches(image: Planes, side: number, known?: Uint8Array): PatchTable {
  const { width, height, channels } = image;
  const position = findPatches(width, height, side, known);
  const count = position.length;
  const mean = new Float64Array(count * channels);
  const energy = new Float64Array(count * channels);
  const matrix = dct(side);
  const limit = border(side);
  const sums = new Float64Array(side * side);
  for (let c = 0; c < channels; c++) {
    const rows = rowTransform(image, c, side, matrix);
    const span = width - side + 1;
    for (let p = 0; p < count; p++) {
      const top = Math.floor(position[p] / width);
      sums.fill(0);
      for (let k = 0; k < side; k++) {
        const row = ((top + k) * span + (position[p] % width)) * side;
        for (let u = 0; u < side; u++) {
          const value = rows[row + u];
          const end = Math.min(side, limit - u);
          for (let v = 0; v < end; v++) sums[u * side + v] += matrix[v * side + k] * value;
        }
      }
      mean[p * channels + c] = sums[0] / side;
      let total = 0;
      for (let i = 1; i < sums.length; i++) total += sums[i] * sums[i];
      energy[p * channels + c] = total;
    }
  }
  return { side, count, position, mean, energy };
}

/** Every row window's one-dimensional DCT: (row, left, frequency). */
function rowTransform(
  { width, height, data }: Planes,
  channel: number,
  side: number,
  matrix: Float64Array,
): Float32Array {
  const span = width - side + 1;
  const rows = new Float32Array(Math.max(0, span) * height * side);
  const offset = channel * width * height;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < span; x++)
      for (let u = 0; u < side; u++, i++) {
        let value = 0;
        for (let k = 0; k < side; k++) value += matrix[u * side + k] * data[offset + y * width + x + k];
        rows[i] = value;
      }
  return rows;
}

function findPatches(width: number, height: number, side: number, known?: Uint8Array): Uint32Array {
  const across = width - side + 1;
  const down = height - side + 1;
  if (across < 1 || down < 1) return new Uint32Array();
  const stride = Math.max(1, Math.round(Math.sqrt((across * down) / MOST_PATCHES)));
  const sums = known && integral(known, width, height);
  const found: number[] = [];
  for (let y = 0; y < down; y += stride)
    for (let x = 0; x < across; x += stride) {
      if (sums) {
        const above = y * (width + 1) + x;
        const below = above + side * (width + 1);
        if (sums[below + side] - sums[below] - sums[above + side] + sums[above] < side * side) continue;
      }
      found.push(y * width + x);
    }
  return Uint32Array.from(found);
}

/** Summed-area table, one row and column larger. */
function integral(values: Uint8Array, width: number, height: number): Uint32Array {
  const table = new Uint32Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x] ? 1 : 0;
      table[(y + 1) * (width + 1) + x + 1] = table[y * (width + 1) + x + 1] + row;
    }
  }
  return table;
}

/**
 * A function that takes in patches and returns the variance of each high frequency over all taken in so far. Samples
 * are divided by the square root of their `share`; three channels are turned into brightness and two differences.
 */
export function highFrequencies(
  image: Planes,
  { side, position }: PatchTable,
  share: Float64Array,
): (patches: Uint32Array) => Float64Array {
  const { width, height, channels, data } = image;
  const matrix = dct(side);
  const limit = border(side);
  const kernels: Float64Array[] = [];
  for (let u = 0; u < side; u++)
    for (let v = Math.max(0, limit - u); v < side; v++) {
      kernels.push(
        Float64Array.from({ length: side * side }, (_, i) => {
          return matrix[u * side + (i % side)] * matrix[v * side + Math.floor(i / side)];
        }),
      );
    }
  const mixing = dct(channels);
  const area = side * side;
  const sums = new Float64Array(kernels.length * channels);
  const values = new Float64Array(channels * area);
  let taken = 0;
  return (patches) => {
    for (const p of patches) {
      values.fill(0);
      for (let c = 0; c < channels; c++) {
        const scale = 1 / Math.sqrt(share[p * channels + c]);
        for (let i = 0, from = c * width * height + position[p]; i < area; i += side, from += width)
          for (let k = 0; k < side; k++) {
            const value = scale * data[from + k];
            for (let m = 0; m < channels; m++) values[m * area + i + k] += mixing[m * channels + c] * value;
          }
      }
      for (let k = 0, at = 0; k < kernels.length; k++) {
        const kernel = kernels[k];
        for (let m = 0; m < channels; m++, at++) {
          let coefficient = 0;
          for (let i = 0; i < area; i++) coefficient += kernel[i] * values[m * area + i];
          sums[at] += coefficient * coefficient;
        }
      }
    }
    taken += patches.length;
    return sums.map((sum) => sum / taken);
  };
}
