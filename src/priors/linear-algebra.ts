import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { TweedieError } from "../errors.ts";

/** A symmetric positive semi-definite matrix as its eigenvectors (columns) and eigenvalues. */
export interface Spectrum {
  readonly vectors: Matrix;
  readonly values: Float64Array;
}

/**
 * Decomposes a covariance.
 * @throws invalid-option unless it is square, symmetric and positive semi-definite
 */
export function spectrumOf(covariance: readonly (readonly number[])[]): Spectrum {
  const n = covariance.length;
  const fail = (got: string) =>
    new TweedieError("invalid-option", {
      what: "covariance",
      expected: "a symmetric positive semi-definite matrix",
      got,
    });
  if (n === 0 || covariance.some((row) => row.length !== n)) throw fail("rows of unequal length");
  const matrix = new Matrix(covariance.map((row) => [...row]));
  const size = matrix.norm();
  if (!Number.isFinite(size) || Matrix.sub(matrix, matrix.transpose()).norm() > 1e-12 * size) throw fail("another");
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  if (Math.min(...realEigenvalues) < -1e-12 * size) throw fail(`the eigenvalue ${Math.min(...realEigenvalues)}`);
  return { vectors: eigenvectorMatrix, values: Float64Array.from(realEigenvalues, (v) => Math.max(v, 0)) };
}
