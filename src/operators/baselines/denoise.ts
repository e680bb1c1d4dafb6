/** Patch side and the threshold in noise standard deviations. */
const side = 8;
const threshold = 2.7;

/**
 * DCT denoising (Yu and Sapiro, 2011): every 8×8 patch is thresholded in the DCT domain and the overlapping results are
 * averaged, patches that needed few coefficients weighing more; colours are decorrelated first.
 * @param y row-major [C, H, W]
 * @param sigma the noise's standard deviation
 */
export function denoiseDct(
  y: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  sigma: number,
): Float64Array {
  const area = height * width;
  const planes = Array.from({ length: channels }, (_, c) =>
    Float64Array.from({ length: area }, (_, k) => y[c * area + k]),
  );
  const out = new Float64Array(channels * area);
  if (sigma <= 0) {
    planes.forEach((plane, c) => {
      out.set(plane, c * area);
    });
    return out;
  }
  const mixed = channels === 3 ? mixColours(planes, area) : planes;
  const cleaned = mixed.map((plane) => denoisePlane(plane, height, width, sigma));
  const result = channels === 3 ? mixColours(cleaned, area, true) : cleaned;
  result.forEach((plane, c) => {
    out.set(plane, c * area);
  });
  return out;
}

/** The orthonormal opponent colours: sum, red against blue, green against both. */
const opponent = [
  [Math.sqrt(1 / 3), Math.sqrt(1 / 3), Math.sqrt(1 / 3)],
  [Math.SQRT1_2, 0, -Math.SQRT1_2],
  [Math.sqrt(1 / 6), -2 * Math.sqrt(1 / 6), Math.sqrt(1 / 6)],
];

function mixColours(planes: Float64Array[], area: number, inverse = false): Float64Array[] {
  return planes.map((_, c) => {
    const out = new Float64Array(area);
    planes.forEach((plane, d) => {
      const w = inverse ? opponent[d][c] : opponent[c][d];
      for (let k = 0; k < area; k++) out[k] += w * plane[k];
    });
    return out;
  });
}

function denoisePlane(plane: Float64Array, height: number, width: number, sigma: number): Float64Array {
  const [h, w] = [Math.min(side, height), Math.min(side, width)];
  const [rows, columns] = [dct(h), dct(w)];
  const total = new Float64Array(plane.length);
  const weight = new Float64Array(plane.length);
  const patch = new Float64Array(h * w);
  const coefficients = new Float64Array(h * w);
  const line = new Float64Array(h * w);
  const limit = threshold * sigma;
  for (let top = 0; top + h <= height; top++)
    for (let left = 0; left + w <= width; left++) {
      for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) patch[i * w + j] = plane[(top + i) * width + left + j];
      transform(patch, line, coefficients, rows, columns, h, w, false);
      let kept = 1;
      for (let k = 1; k < coefficients.length; k++) {
        if (Math.abs(coefficients[k]) < limit) coefficients[k] = 0;
        else kept++;
      }
      transform(coefficients, line, patch, rows, columns, h, w, true);
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++) {
          const k = (top + i) * width + left + j;
          total[k] += patch[i * w + j] / kept;
          weight[k] += 1 / kept;
        }
    }
  return total.map((v, k) => v / weight[k]);
}

/** The orthonormal DCT-II matrix, row-major. */
function dct(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [k, i] = [Math.floor(at / n), at % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (i + 0.5) * k) / n);
  });
}

/** R X Cᵀ, or Rᵀ X C. */
function transform(
  x: Float64Array,
  line: Float64Array,
  out: Float64Array,
  rows: Float64Array,
  columns: Float64Array,
  h: number,
  w: number,
  inverse: boolean,
): void {
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      let sum = 0;
      for (let k = 0; k < w; k++) sum += x[i * w + k] * columns[inverse ? k * w + j : j * w + k];
      line[i * w + j] = sum;
    }
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      let sum = 0;
      for (let k = 0; k < h; k++) sum += line[k * w + j] * rows[inverse ? k * h + i : i * h + k];
      out[i * w + j] = sum;
    }
}
