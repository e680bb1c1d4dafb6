import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { exactMoments, type Mixture } from "../../priors/exact.ts";

/**
 * The highest mode of a mixture: from each component's mean the fixed-point iteration x ← (Σ r_k P_k)⁻¹ Σ r_k P_k m_k
 * (r_k responsibilities at x, P_k precisions), which climbs the density; the best of where they end.
 */
export function highestMode(mixture: Mixture): number[] {
  const { weights, means, covariances } = mixture;
  if (weights.length === 1) return [...means[0]];
  const parts = covariances.map((covariance, k) => {
    const matrix = new Matrix(covariance.map((row) => [...row]));
    const cholesky = new CholeskyDecomposition(Matrix.add(matrix, matrix.transpose()).mul(0.5));
    const precision = cholesky.solve(Matrix.eye(matrix.rows));
    const diagonal = cholesky.lowerTriangularMatrix.diagonal();
    const logWeight = Math.log(weights[k]) - diagonal.reduce((sum, d) => sum + Math.log(d), 0);
    return { precision, logWeight, mean: Matrix.columnVector([...means[k]]) };
  });
  const climb = (x: Matrix): Matrix => {
    const logs = parts.map(({ precision, logWeight, mean }) => {
      const r = Matrix.sub(x, mean);
      return logWeight - 0.5 * r.dot(precision.mmul(r));
    });
    const peak = Math.max(...logs);
    const shares = logs.map((log) => Math.exp(log - peak));
    const [total, pull] = [Matrix.zeros(x.rows, x.rows), Matrix.zeros(x.rows, 1)];
    parts.forEach(({ precision, mean }, k) => {
      const weighted = Matrix.mul(precision, shares[k]);
      total.add(weighted);
      pull.add(weighted.mmul(mean));
    });
    return new CholeskyDecomposition(Matrix.add(total, total.transpose()).mul(0.5)).solve(pull);
  };
  const ends = parts.map(({ mean }) => {
    let x = mean;
    for (let k = 0; k < 500; k++) {
      const next = climb(x);
      const moved = Matrix.sub(next, x).norm();
      x = next;
      if (moved < 1e-12 * (1 + x.norm())) break;
    }
    return x.to1DArray();
  });
  const density = (x: number[]) => exactMoments(mixture, x, 0).logDensity;
  return ends.reduce((best, x) => (density(x) > density(best) ? x : best));
}
