import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { type Dense, dense, product, transposed } from "./dense.ts";

/**
 * A = U Σ Vᵀ of a matrix with no more rows than columns (m × n), V complete: `v` is n × n orthogonal, `u` is m × n with
 * U Uᵀ = I and zero columns beside the directions that no row sees (value 0).
 */
export interface AxisSvd {
  readonly u: Dense;
  readonly values: Float64Array;
  readonly v: Dense;
}

/** Beyond this many columns the O(n³) decomposition takes longer than it saves: callers use conjugate gradients. */
export const largestSvd = 768;

export function axisSvd(a: Dense): AxisSvd {
  return isCentrosymmetric(a) && a.columns > 1 && a.rows > 1 ? splitSvd(a) : fullSvd(a);
}

function fullSvd(a: Dense): AxisSvd {
  const { rows: m, columns: n } = a;
  const at = transposed(a);
  // ml-matrix wants the tall orientation: Aᵀ = V₁ Σ Uᵀ.
  const svd = new SingularValueDecomposition(new Matrix(toRows(at)), { autoTranspose: false });
  const v1 = svd.leftSingularVectors;
  const u1 = svd.rightSingularVectors;
  const complement = n > m ? completeBasis(n, m, (i, j) => v1.get(i, j)) : undefined;
  const v = dense(n, n, (i, j) => (j < m ? v1.get(i, j) : (complement as Dense).data[i * n + j]));
  const u = dense(m, n, (i, j) => (j < m ? u1.get(i, j) : 0));
  const values = Float64Array.from({ length: n }, (_, j) => (j < m ? svd.diagonal[j] : 0));
  return { u, values, v };
}

function toRows({ rows, columns, data }: Dense): number[][] {
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * columns, (i + 1) * columns)));
}

/** An orthogonal n × n matrix whose columns from m on span the complement of m given orthonormal columns (Householder). */
function completeBasis(n: number, m: number, entry: (i: number, j: number) => number): Dense {
  const work = dense(n, m, entry);
  const reflectors: Float64Array[] = [];
  const reflect = (w: Float64Array, target: Dense, column: number) => {
    let s = 0;
    for (let i = 0; i < n; i++) s += w[i] * target.data[i * target.columns + column];
    for (let i = 0; i < n; i++) target.data[i * target.columns + column] -= 2 * s * w[i];
  };
  for (let k = 0; k < m; k++) {
    const w = new Float64Array(n);
    for (let i = k; i < n; i++) w[i] = work.data[i * m + k];
    w[k] += (w[k] < 0 ? -1 : 1) * Math.hypot(...w);
    const length = Math.hypot(...w);
    for (let i = k; i < n; i++) w[i] /= length;
    for (let j = k; j < m; j++) reflect(w, work, j);
    reflectors.push(w);
  }
  const q = dense(n, n, (i, j) => (i === j && j >= m ? 1 : 0));
  for (const w of reflectors.reverse()) for (let j = m; j < n; j++) reflect(w, q, j);
  return q;
}

/** Symmetric kernels give matrices that stay the same when both axes are reversed, whatever the border. */
function isCentrosymmetric({ data }: Dense): boolean {
  const last = data.length - 1;
  for (let k = 0; 2 * k < last; k++) if (Math.abs(data[k] - data[last - k]) > 1e-15) return false;
  return true;
}

/** The orthonormal even (e_i + e_{n-1-i})/√2 and odd (e_i - e_{n-1-i})/√2 vectors, as rows. */
function parityBasis(n: number): { even: Dense; odd: Dense } {
  const r = Math.SQRT1_2;
  const even = dense(Math.ceil(n / 2), n, (i, j) => {
    if (2 * i === n - 1) return j === i ? 1 : 0;
    return j === i || j === n - 1 - i ? r : 0;
  });
  const odd = dense(Math.floor(n / 2), n, (i, j) => (j === i ? r : j === n - 1 - i ? -r : 0));
  return { even, odd };
}

/** Even vectors map to even and odd to odd: two problems of half the size, a quarter of the work. */
function splitSvd(a: Dense): AxisSvd {
  const [domain, range] = [parityBasis(a.columns), parityBasis(a.rows)];
  const parts = (["even", "odd"] as const).map((parity) => {
    const [q, p] = [domain[parity], range[parity]];
    const { u, values, v } = fullSvd(product(product(p, a), transposed(q)));
    return { values, v: product(transposed(q), v), u: product(transposed(p), u) };
  });
  const beside = (left: Dense, right: Dense) =>
    dense(left.rows, left.columns + right.columns, (i, j) =>
      j < left.columns ? left.data[i * left.columns + j] : right.data[i * right.columns + j - left.columns],
    );
  return {
    u: beside(parts[0].u, parts[1].u),
    v: beside(parts[0].v, parts[1].v),
    values: Float64Array.of(...parts[0].values, ...parts[1].values),
  };
}

/** V Σ⁺ Uᵀ; singular values below `cutoff` count as zero. */
export function pseudoInverseMatrix({ u, values, v }: AxisSvd, cutoff: number): Dense {
  const floor = Math.max(cutoff, 1e-12 * Math.max(...values));
  const scaled = dense(v.rows, v.columns, (i, j) =>
    values[j] > 0 && values[j] >= floor ? v.data[i * v.columns + j] / values[j] : 0,
  );
  return product(scaled, transposed(u));
}
