import type { RadonMatrix } from "./radon-geometry.ts";

/** Mean squared difference of neighbouring pixels in images with values in [-1, 1]. */
const roughness = 0.01;
/** Model and rounding errors that even a noiseless scan has. */
const leastSigma = 0.0005;

/**
 * A first guess of an image from its scan: the smooth image that explains it, argmin ‖Rx − y‖²/σ² + ‖∇x‖²/r with r the usual
 * roughness of images, by conjugate gradients from grey, each plane alone.
 * @param y [planes, detectors, angles]
 * @returns [planes, H, W]
 */
export function smoothReconstruction(
  matrix: RadonMatrix,
  y: Float64Array,
  height: number,
  width: number,
  sigma: number,
  iterations = 12,
): Float64Array {
  const n = height * width;
  const weight = Math.max(sigma, leastSigma) ** 2 / roughness;
  const r = matrix.backproject(y);
  const planes = Array.from({ length: r.length / n }, (_, c) => c);
  const x = new Float64Array(r.length);
  const p = r.slice();
  const dot = (a: Float64Array, b: Float64Array, c: number) => {
    let sum = 0;
    for (let i = c * n; i < (c + 1) * n; i++) sum += a[i] * b[i];
    return sum;
  };
  const add = (to: Float64Array, factor: number, what: Float64Array, c: number) => {
    for (let i = c * n; i < (c + 1) * n; i++) to[i] += factor * what[i];
  };
  let squares = planes.map((c) => dot(r, r, c));
  for (let k = 0; k < iterations; k++) {
    const q = matrix.backproject(matrix.project(p));
    for (const c of planes) addLaplacian(q.subarray(c * n), p.subarray(c * n), height, width, weight);
    squares = planes.map((c) => {
      if (squares[c] === 0) return 0;
      const alpha = squares[c] / dot(p, q, c);
      add(x, alpha, p, c);
      add(r, -alpha, q, c);
      const next = dot(r, r, c);
      for (let i = c * n; i < (c + 1) * n; i++) p[i] = r[i] + (next / squares[c]) * p[i];
      return next;
    });
  }
  return x;
}

/** out += weight·∇ᵀ∇x, no differences across the border. */
function addLaplacian(out: Float64Array, x: Float64Array, height: number, width: number, weight: number): void {
  const pair = (a: number, b: number) => {
    const difference = weight * (x[a] - x[b]);
    out[a] += difference;
    out[b] -= difference;
  };
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const at = i * width + j;
      if (j + 1 < width) pair(at, at + 1);
      if (i + 1 < height) pair(at, at + width);
    }
}
