import { latentOperator } from "../../src/latent/latent-operator.ts";
import type { Operator } from "../../src/operators/operator.ts";
import { gaussianPrior } from "../../src/priors/index.ts";
import { constant } from "../../src/tensor/index.ts";
import { linearAutoencoder } from "./linear-autoencoder.ts";
import { matrixOperator } from "./matrix-operator.ts";

// A problem on latents small enough to be written out: with a linear decoder, the matrix A·W on four numbers.

// Pictures [1, 1, 2, 4] in two blocks of 2×2; two latent channels; so four latent numbers.
export const W = [
  [0.9, -0.3],
  [0.4, 0.8],
  [-0.2, 0.5],
  [0.6, 0.1],
];
const E = [0, 1].map((k) => W.map((row) => row[k]));
export const autoencoder = linearAutoencoder(1, 2, W, E);

/** decode as a matrix of 8 pixels (row by row) and 4 latents (channel by channel), written out by hand. */
export const D = Array.from({ length: 8 }, (_, pixel) => {
  const [row, column] = [Math.floor(pixel / 4), pixel % 4];
  const inBlock = 2 * row + (column % 2);
  return [0, 1].flatMap((k) => [0, 1].map((block) => (block === Math.floor(column / 2) ? W[inBlock][k] : 0)));
});

export const A = [
  [1, 0.5, 0, 0, -0.3, 0, 0.2, 0],
  [0, 0.7, 0, 0.4, 0, 1, 0, -0.5],
  [0.3, 0, -0.6, 0, 0, 0, 0.8, 0.1],
];
export const AD = A.map((row) => D[0].map((_, j) => row.reduce((s, a, i) => s + a * D[i][j], 0)));

/** y = A x for pictures [N, 1, 2, 4]. */
export const pixelOperator: Operator = {
  name: "matrix",
  domain: [1, 1, 2, 4],
  range: [1, 1, 1, 3],
  linear: true,
  apply: (x) =>
    x.reshape(-1, 1, 1, 8).matmul(
      constant(
        A[0].flatMap((_, j) => A.map((row) => row[j])),
        [8, 3],
        "float32",
      ),
    ),
  normSquared: 1,
  toJSON: () => ({ name: "matrix" }),
};

const mean = [0.3, -0.2, 0.5, 0.1];
const covariance = [
  [1, 0.3, 0.1, 0],
  [0.3, 0.8, 0.2, 0.1],
  [0.1, 0.2, 1.2, -0.4],
  [0, 0.1, -0.4, 0.9],
];
export const sigmaY = 0.1;
export const y = [0.7, -0.4, 0.9];
export const start = [0.2, 0.1, -0.3, 0.4];

/** The vector problem: 4 unknowns, the matrix AD. */
export const vector: Operator = {
  ...matrixOperator(AD),
  domain: [1, 2, 1, 2],
  apply: (x) => matrixOperator(AD).apply(x.reshape(-1, 1, 1, 4)),
  normSquared: 1.7,
};
/** The same behind the decoder. */
export const latent = latentOperator(pixelOperator, autoencoder, 1.7);
export const { denoise } = gaussianPrior(mean, covariance, { channels: 2 });

/** argmin_x ‖y − A x‖² + ρ‖x − x0‖² for pictures of 8 pixels, by Gauss elimination of (AᵀA + ρI) x = Aᵀy + ρ x0. */
export function nearestPicture(x0: readonly number[], rho: number) {
  const n = x0.length;
  const rows = x0.map((v, i) => [
    ...x0.map((_, j) => A.reduce((s, a) => s + a[i] * a[j], i === j ? rho : 0)),
    A.reduce((s, a, k) => s + a[i] * y[k], rho * v),
  ]);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = rows[k][i] / rows[i][i];
      rows[k] = rows[k].map((v, j) => v - factor * rows[i][j]);
    }
  return constant(
    rows.map((row, i) => row[n] / row[i]),
    [1, 1, 2, 4],
    "float32",
  );
}

/** y − A x. */
export const residualOf = (x: readonly number[]) => A.map((a, k) => y[k] - a.reduce((s, v, i) => s + v * x[i], 0));
