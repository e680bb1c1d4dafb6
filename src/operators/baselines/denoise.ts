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

/**
 * Patches that share their columns share the transforms along the rows: for each left edge all rows are transformed once,
 * each patch adds its thresholded coefficients, still transformed along the rows, and all rows are transformed back once.
 */
function denoisePlane(plane: Float64Array, height: number, width: number, sigma: number): Float64Array {
  const [h, w] = [Math.min(side, height), Math.min(side, width)];
  const [vertical, horizontal] = [dct(h), dct(w)];
  const total = new Float64Array(plane.length);
  const weight = new Float64Array(plane.length);
  const rows = new Float64Array(height * w);
  const cleaned = new Float64Array(height * w);
  const rowWeight = new Float64Array(height);
  const patch = new Float64Array(h * w);
  const limit = threshold * sigma;
  for (let left = 0; left + w <= width; left++) {
    for (let i = 0; i < height; i++)
      for (let k = 0; k < w; k++) {
        let sum = 0;
        for (let j = 0; j < w; j++) sum += horizontal[k * w + j] * plane[i * width + left + j];
        rows[i * w + k] = sum;
      }
    cleaned.fill(0);
    rowWeight.fill(0);
    for (let top = 0; top + h <= height; top++) {
      const kept = thresholded(rows, top * w, vertical, h, w, limit, patch);
      for (let k = 0; k < h; k++)
        for (let l = 0; l < w; l++) {
          const v = patch[k * w + l] / kept;
          if (v !== 0) for (let i = 0; i < h; i++) cleaned[(top + i) * w + l] += v * vertical[k * h + i];
        }
      for (let i = 0; i < h; i++) rowWeight[top + i] += 1 / kept;
    }
    for (let i = 0; i < height; i++)
      for (let j = 0; j < w; j++) {
        let sum = 0;
        for (let k = 0; k < w; k++) sum += horizontal[k * w + j] * cleaned[i * w + k];
        total[i * width + left + j] += sum;
        weight[i * width + left + j] += rowWeight[i];
      }
  }
  return total.map((v, k) => v / weight[k]);
}

/** The coefficients of one patch that stand out of the noise, its mean always; returns their number. */
function thresholded(
  rows: Float64Array,
  at: number,
  vertical: Float64Array,
  h: number,
  w: number,
  limit: number,
  patch: Float64Array,
): number {
  let kept = 0;
  for (let k = 0; k < h; k++)
    for (let l = 0; l < w; l++) {
      let sum = 0;
      for (let i = 0; i < h; i++) sum += vertical[k * h + i] * rows[at + i * w + l];
      const stays = k + l === 0 || Math.abs(sum) >= limit;
      patch[k * w + l] = stays ? sum : 0;
      if (stays) kept++;
    }
  return kept;
}

/** The orthonormal DCT-II matrix, row-major. */
function dct(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [k, i] = [Math.floor(at / n), at % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (i + 0.5) * k) / n);
  });
}
