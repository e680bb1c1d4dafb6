import type { Operator } from "../../src/operators/operator.ts";
import { constant } from "../../src/tensor/index.ts";

/** y = A x for a small matrix; pictures are [N, 1, 1, columns], measurements [N, 1, 1, rows]. */
export function matrixOperator(A: readonly (readonly number[])[]): Operator {
  const [m, n] = [A.length, A[0].length];
  const transposed = constant(
    A[0].flatMap((_, j) => A.map((row) => row[j])),
    [n, m],
    "float32",
  );
  const oneRow = m === 1 ? A[0].reduce((s, v) => s + v * v, 0) : undefined;
  return {
    name: "matrix",
    domain: [1, 1, 1, n],
    range: [1, 1, 1, m],
    linear: true,
    apply: (x) => x.matmul(transposed),
    normSquared: A.flat().reduce((s, v) => s + v * v, 0), // Frobenius: exact for one row
    ...(oneRow === undefined
      ? {}
      : {
          pseudoInverse: (y) => y.matmul(constant(A[0], [1, n], "float32")).div(oneRow),
          exactPseudoInverse: true,
        }),
    ...(oneRow !== undefined && n > 1 ? { svd: rowSvd(A[0]) } : {}),
    toJSON: () => ({ name: "matrix" }),
  };
}

/** SVD of a single row: V's first column is the row, normalised; the rest by Gram-Schmidt. */
function rowSvd(row: readonly number[]): NonNullable<Operator["svd"]> {
  const n = row.length;
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, v, i) => s + v * b[i], 0);
  const basis: number[][] = [];
  for (const candidate of [[...row], ...row.map((_, i) => row.map((_, j) => (i === j ? 1 : 0)))]) {
    const rest = basis.reduce((v, b) => v.map((x, i) => x - dot(v, b) * b[i]), candidate);
    const length = Math.sqrt(dot(rest, rest));
    if (length > 1e-9 && basis.length < n) basis.push(rest.map((x) => x / length));
  }
  const vt = constant(basis.flat(), [n, n], "float32");
  const first = constant(
    row.map((_, i) => (i === 0 ? 1 : 0)),
    [n],
    "float32",
  );
  return {
    vt: (x) => x.matmul(vt.transpose()),
    v: (z) => z.matmul(vt),
    ut: (y) => y.mul(first),
    u: (z) => z.narrow(3, 0, 1),
    singularValues: first.mul(Math.sqrt(dot(row, row))),
  };
}
