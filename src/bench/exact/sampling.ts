import { Matrix } from "ml-matrix";
import type { Mixture } from "../../priors/exact.ts";
import { spectrumOf } from "../../priors/linear-algebra.ts";
import { normals, uniforms } from "../../random/index.ts";

/** Points in Rⁿ, one after the other. */
export interface Points {
  readonly count: number;
  readonly dimension: number;
  readonly data: Float64Array;
}

/** Independent draws from a mixture in float64: they depend on the seed and their number, not on how many there are. */
export function sampleMixture(mixture: Mixture, count: number, seed: number): Points {
  const dimension = mixture.means[0].length;
  const roots = mixture.covariances.map((covariance) => {
    const { vectors, values } = spectrumOf(symmetric(covariance));
    return vectors.clone().mulRowVector([...values].map(Math.sqrt));
  });
  const data = new Float64Array(count * dimension);
  const choices = uniforms({ seed, purpose: "component" }, count);
  for (let i = 0; i < count; i++) {
    const k = chosen(mixture.weights, choices[i]);
    const z = Matrix.columnVector(normals({ seed, sample: i, purpose: "point" }, dimension));
    const x = roots[k].mmul(z);
    for (let j = 0; j < dimension; j++) data[i * dimension + j] = mixture.means[k][j] + x.get(j, 0);
  }
  return { count, dimension, data };
}

/** Rid of rounding's asymmetry. */
function symmetric(a: readonly (readonly number[])[]): number[][] {
  return a.map((row, i) => row.map((v, j) => (v + a[j][i]) / 2));
}

function chosen(weights: readonly number[], u: number): number {
  let sum = 0;
  for (let k = 0; k < weights.length - 1; k++) {
    sum += weights[k];
    if (u < sum) return k;
  }
  return weights.length - 1;
}
