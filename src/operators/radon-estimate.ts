import type { RadonMatrix } from "./radon-geometry.ts";

/** Mean squared difference of neighbouring pixels in pictures with values in [-1, 1]. */
const roughness = 0.01;
/** Model and rounding errors that even a noiseless scan has. */
const leastSigma = 0.0005;

/**
 * A first guess of a picture from its scan y [detectors, angles]: the smooth picture that explains it,
 * argmin ‖Rx − y‖²/σ² + ‖∇x‖²/r with r the usual roughness of pictures, by conjugate gradients from grey.
 */
export function smoothReconstruction(
  matrix: RadonMatrix,
  y: ArrayLike<number>,
  height: number,
  width: number,
  sigma: number,
  iterations = 12,
): Float64Array {
  const weight = Math.max(sigma, leastSigma) ** 2 / roughness;
  const map = (x: Float64Array) => {
    const out = matrix.backproject(matrix.project(x));
    addLaplacian(out, x, height, width, weight);
    return out;
  };
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const x = new Float64Array(height * width);
  const r = matrix.backproject(y);
  const p = r.slice();
  let rr = dot(r, r);
  for (let k = 0; k < iterations && rr > 0; k++) {
    const q = map(p);
    const alpha = rr / dot(p, q);
    for (let i = 0; i < x.length; i++) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
    const next = dot(r, r);
    for (let i = 0; i < x.length; i++) p[i] = r[i] + (next / rr) * p[i];
    rr = next;
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
