import { TweedieError } from "../../errors.ts";
import { resizeMatrix } from "../../tensor/resize-matrix.ts";

/**
 * Bicubic enlargement (Keys, a = -1/2, edges repeated) by a whole factor, pixel areas aligned: what a picture viewer does.
 * @param y row-major [C, h, w]
 * @param height height of the result, at most h·scale (a partial last block is cut off); `width` likewise
 * @returns row-major [C, height, width]
 */
export function enlarge(
  y: ArrayLike<number>,
  [channels, h, w]: readonly [number, number, number],
  height: number,
  width: number,
  scale: number,
): Float64Array {
  if (y.length !== channels * h * w) {
    const expected = `${channels}×${h}×${w} = ${channels * h * w} values`;
    throw new TweedieError("size-mismatch", { what: "measurement", expected, got: String(y.length) });
  }
  const axis = (n: number) => taps(n, scale);
  const [rows, columns] = [axis(h), axis(w)];
  const out = new Float64Array(channels * height * width);
  const line = new Float64Array(height * w);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++)
      for (let j = 0; j < w; j++) {
        let sum = 0;
        for (const [k, v] of rows[i]) sum += v * y[(c * h + k) * w + j];
        line[i * w + j] = sum;
      }
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        let sum = 0;
        for (const [k, v] of columns[j]) sum += v * line[i * w + k];
        out[(c * height + i) * width + j] = sum;
      }
  }
  return out;
}

/** The non-zero weights of each enlarged position. */
function taps(n: number, scale: number): [number, number][][] {
  const matrix = resizeMatrix({
    from: n,
    to: n * scale,
    scale,
    mode: "cubic",
    coordinates: "half_pixel",
    nearest: "floor",
    cubicA: -0.5,
    antialias: false,
    excludeOutside: false,
  });
  return Array.from({ length: n * scale }, (_, i) =>
    Array.from({ length: n }, (_, k): [number, number] => [k, matrix[i * n + k]]).filter(([, v]) => v !== 0),
  );
}
