import { parameter, type Tensor } from "../tensor/index.ts";
import { type AxisSvd, axisSvd, largestSvd, pseudoInverseMatrix } from "./axis-svd.ts";
import { type Dense, isIdentity, matrixParameter, onBothAxes, squaredNorm, transposed } from "./dense.ts";
import { checkShape, type Operator, type OperatorSpec, type Svd } from "./operator.ts";

/** What happens along one axis: a matrix, and its SVD where it is known in closed form. */
export interface Axis {
  readonly matrix: Dense;
  readonly svd?: () => AxisSvd;
}

export interface SeparableOptions {
  readonly name: string;
  readonly channels: number;
  /** Along the rows' index (height), left factor. */
  readonly rows: Axis;
  /** Along the columns' index (width), right factor. */
  readonly columns: Axis;
  /** Singular values of each axis below this count as zero in the pseudo-inverse; 0 gives the exact one. */
  readonly cutoff: number;
  readonly spec: OperatorSpec;
  readonly estimate?: Operator["estimate"];
  /** A A^T as a constant over the range, when it is diagonal. */
  readonly gram?: Tensor;
}

/** An operator that acts along the two axes of each channel one after the other: Y = L X Rᵀ. */
export interface SeparableOperator extends Operator {
  readonly axes: { readonly rows: Axis; readonly columns: Axis };
  readonly cutoff: number;
}

export function isSeparable(operator: Operator): operator is SeparableOperator {
  return "axes" in operator;
}

/**
 * Builds Y = L X Rᵀ as two matrix products, with the SVD (U_L ⊗ U_R)(Σ_L ⊗ Σ_R)(V_L ⊗ V_R)ᵀ. The decompositions cost
 * O(n³) on the host and are computed when first used; an axis too long for that leaves `svd` out.
 */
export function separable(options: SeparableOptions): SeparableOperator {
  const { name, channels, rows, columns, cutoff, spec, estimate, gram } = options;
  const [left, right] = [rows.matrix, columns.matrix];
  const side = (m: Dense) => (isIdentity(m) ? undefined : matrixParameter(m));
  const l = side(left);
  const rt = side(transposed(right));
  const domain = [1, channels, left.columns, right.columns];
  const range = [1, channels, left.rows, right.rows];
  const decomposable = [rows, columns].every((a) => a.svd || a.matrix.columns <= largestSvd);
  const decompositions = memo(() => decompose(rows, columns));
  const inverses = memo(() => {
    const { row, column } = decompositions();
    return [side(pseudoInverseMatrix(row, cutoff)), side(transposed(pseudoInverseMatrix(column, cutoff)))] as const;
  });
  const norm = memo(() => squaredNorm(left) * (left === right ? squaredNorm(left) : squaredNorm(right)));
  return {
    name,
    domain,
    range,
    linear: true,
    axes: { rows, columns },
    cutoff,
    exactPseudoInverse: cutoff === 0,
    get normSquared() {
      return norm();
    },
    apply(x) {
      checkShape(name, domain, x);
      return onBothAxes(x, l, rt);
    },
    pseudoInverse: decomposable
      ? (y) => {
          checkShape(`pseudo-inverse of ${name}`, range, y);
          return onBothAxes(y, ...inverses());
        }
      : undefined,
    solveGram: gram && ((y, lambda) => y.div(gram.add(lambda))),
    svd: decomposable ? lazySvd(decompositions) : undefined,
    estimate,
    toJSON: () => spec,
  };
}

interface Decompositions {
  readonly row: AxisSvd;
  readonly column: AxisSvd;
  readonly maps: Record<"vt" | "v" | "ut" | "u", readonly [Tensor, Tensor]>;
  readonly values: Tensor;
}

function decompose(rows: Axis, columns: Axis): Decompositions {
  const of = (axis: Axis) => axis.svd?.() ?? axisSvd(axis.matrix);
  const row = of(rows);
  const column = rows.matrix === columns.matrix ? row : of(columns);
  const pair = (l: Dense, r: Dense) => [matrixParameter(l), matrixParameter(transposed(r))] as const;
  const [h, w] = [row.values.length, column.values.length];
  const values = Float64Array.from({ length: h * w }, (_, k) => row.values[Math.floor(k / w)] * column.values[k % w]);
  return {
    row,
    column,
    maps: {
      vt: pair(transposed(row.v), transposed(column.v)),
      v: pair(row.v, column.v),
      ut: pair(transposed(row.u), transposed(column.u)),
      u: pair(row.u, column.u),
    },
    values: parameter(values, [1, 1, h, w], "float32"),
  };
}

function lazySvd(decompositions: () => Decompositions): Svd {
  return {
    vt: (x) => onBothAxes(x, ...decompositions().maps.vt),
    v: (z) => onBothAxes(z, ...decompositions().maps.v),
    ut: (y) => onBothAxes(y, ...decompositions().maps.ut),
    u: (z) => onBothAxes(z, ...decompositions().maps.u),
    get singularValues() {
      return decompositions().values;
    },
  };
}

/** Computes a value once, when it is first asked for. */
export function memo<T>(compute: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => {
    value ??= { it: compute() };
    return value.it;
  };
}
