import { constant, parameter, type Tensor } from "../tensor/index.ts";

/** A small dense matrix on the host, row-major: how an operator acts along one axis of a picture. */
export interface Dense {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** The matrix with entries `entry(i, j)`. */
export function dense(rows: number, columns: number, entry: (i: number, j: number) => number): Dense {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[i * columns + j] = entry(i, j);
  return { rows, columns, data };
}

export function transposed({ rows, columns, data }: Dense): Dense {
  return dense(columns, rows, (i, j) => data[j * columns + i]);
}

export function product(a: Dense, b: Dense): Dense {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    const row = data.subarray(i * b.columns, (i + 1) * b.columns);
    for (let k = 0; k < a.columns; k++) {
      const v = a.data[i * a.columns + k];
      if (v === 0) continue; // blur matrices are banded
      const at = k * b.columns;
      for (let j = 0; j < row.length; j++) row[j] += v * b.data[at + j];
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}

export function isIdentity({ rows, columns, data }: Dense): boolean {
  return rows === columns && data.every((v, k) => v === (k % (columns + 1) === 0 ? 1 : 0));
}

/**
 * ‖A‖₂² by power iteration on AᵀA, plus the length of the last residual, which makes it an upper bound once the
 * iteration is near the top: tight to 1e-6, or to a percent where several eigenvalues lie close together there.
 */
export function squaredNorm({ rows, columns, data }: Dense): number {
  // Blur and reduction matrices are banded: only their entries are visited.
  const entries: number[] = [];
  for (let k = 0; k < data.length; k++) if (data[k] !== 0) entries.push(k);
  const row = entries.map((k) => Math.floor(k / columns));
  const column = entries.map((k) => k % columns);
  const gram = (x: Float64Array) => {
    const [y, out] = [new Float64Array(rows), new Float64Array(columns)];
    for (let e = 0; e < entries.length; e++) y[row[e]] += data[entries[e]] * x[column[e]];
    for (let e = 0; e < entries.length; e++) out[column[e]] += data[entries[e]] * y[row[e]];
    return out;
  };
  const length = (x: Float64Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  let x = Float64Array.from({ length: columns }, (_, i) => 1 + 0.3 * Math.sin(12.9898 * (i + 1)));
  let value = 0;
  for (let k = 0; k < 500; k++) {
    const size = length(x);
    if (size === 0) return 0;
    x = x.map((v) => v / size);
    const next = gram(x);
    const quotient = next.reduce((sum, v, i) => sum + v * x[i], 0);
    const residual = length(next.map((v, i) => v - quotient * x[i]));
    value = quotient + residual;
    if (residual <= 1e-6 * value) break;
    x = next;
  }
  return value;
}

/** The matrix as a constant of a graph; doubles are kept until the graph is compiled. */
export function matrixConstant({ rows, columns, data }: Dense): Tensor {
  return constant(data, [rows, columns], "float32");
}

/** The matrix as data of a program, for operators whose options decide its entries. */
export function matrixParameter({ rows, columns, data }: Dense): Tensor {
  return parameter(data, [rows, columns], "float32");
}

/** left · X · rightᵀ on the last two axes of X; an absent side is the identity. */
export function onBothAxes(x: Tensor, left: Tensor | undefined, rightTransposed: Tensor | undefined): Tensor {
  const y = rightTransposed ? x.matmul(rightTransposed) : x;
  return left ? left.matmul(y) : y;
}
