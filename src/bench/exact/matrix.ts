import { Matrix, QrDecomposition } from "ml-matrix";
import type { Operator } from "../../operators/operator.ts";
import { normals } from "../../random/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";

// Dense measurements of vectors with a singular value decomposition that is known because it came first. A vector of n numbers
// is a picture [N, 1, 1, n].

/** A = U diag(s) Vᵀ: U is m × m and V n × n, both orthogonal; s has m ≤ n entries, highest first. */
export interface Factors {
  readonly u: Matrix;
  readonly s: readonly number[];
  readonly v: Matrix;
}

/** An orthogonal matrix that looks the same from all directions (QR of a normal one, signs fixed); depends on the seed alone. */
export function randomOrthogonal(n: number, seed: number): Matrix {
  const draws = normals({ seed, purpose: "orthogonal" }, n * n);
  const qr = new QrDecomposition(Matrix.from1DArray(n, n, draws));
  const [q, r] = [qr.orthogonalMatrix, qr.upperTriangularMatrix];
  for (let j = 0; j < n; j++) if (r.get(j, j) < 0) q.mulColumn(j, -1);
  return q;
}

/** A, row by row. */
export function matrixOf({ u, s, v }: Factors): number[][] {
  const scaled = Matrix.from1DArray(s.length, s.length, u.to1DArray()).mulRowVector([...s]);
  return scaled.mmul(v.transpose().subMatrix(0, s.length - 1, 0, v.rows - 1)).to2DArray();
}

/** The measurement y = A x as an operator with a closed form for everything that solvers ask for. */
export function matrixOperator(factors: Factors, name = "matrix"): Operator {
  const [m, n] = [factors.s.length, factors.v.rows];
  const matrix = (a: Matrix) => constant(a.to1DArray(), [a.rows, a.columns], "float32");
  const [u, v] = [matrix(factors.u), matrix(factors.v)];
  const rows = Matrix.from1DArray(m, n, matrixOf(factors).flat());
  const transposed = matrix(rows.transpose());
  const s = constant([...factors.s, ...new Array<number>(n - m).fill(0)], [n], "float32");
  const inverse = constant(
    [...factors.s.map((value) => 1 / value), ...new Array<number>(n - m).fill(0)],
    [n],
    "float32",
  );
  const vt = (x: Tensor) => x.matmul(v);
  const ofV = (z: Tensor) => z.matmul(v.transpose());
  const ut = (y: Tensor) => {
    const z = y.matmul(u);
    return m === n
      ? z
      : z.pad([
          [0, 0],
          [0, 0],
          [0, 0],
          [0, n - m],
        ]);
  };
  return {
    name,
    domain: [1, 1, 1, n],
    range: [1, 1, 1, m],
    linear: true,
    apply: (x) => x.matmul(transposed),
    pseudoInverse: (y) => ofV(ut(y).mul(inverse)),
    exactPseudoInverse: true,
    svd: { vt, v: ofV, ut, u: (z) => z.narrow(3, 0, m).matmul(u.transpose()), singularValues: s },
    normSquared: factors.s[0] ** 2,
    toJSON: () => ({ name, rows: matrixOf(factors) }),
  };
}
