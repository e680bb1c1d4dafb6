import { concat, einsum, type Tensor } from "../../tensor/index.ts";
import type { Family, OnnxNode } from "./node.ts";
import { computeType } from "./types.ts";

const turned = (x: Tensor, turn: boolean) => (turn ? x.transpose() : x);

/** alpha·A·B + beta·C of matrices, transposed where asked. */
function gemm(node: OnnxNode): Tensor {
  const { attributes } = node;
  const a = turned(node.tensor(0), attributes.flag("transA"));
  const b = turned(node.tensor(1), attributes.flag("transB"));
  const product = a.matmul(b).mul(attributes.float("alpha", 1));
  const c = node.optional(2);
  const beta = attributes.float("beta", 1);
  return c && beta !== 0 ? product.add(c.mul(beta)) : product;
}

/** Whole numbers are multiplied as integers of a wide type. */
function matmul(node: OnnxNode): Tensor {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  const wide = computeType(a.dtype);
  return a.cast(wide).matmul(b.cast(wide)).cast(a.dtype);
}

/** Determinants of small matrices, by expansion along the first row. */
function determinant(x: Tensor): Tensor {
  const n = x.shape[x.rank - 1];
  const [row, column] = [x.rank - 2, x.rank - 1];
  if (n === 1) return x.squeeze([row, column]);
  const below = x.narrow(row, 1, n - 1);
  const terms = Array.from({ length: n }, (_, j) => {
    const minor = concat([below.narrow(column, 0, j), below.narrow(column, j + 1, n - j - 1)], column);
    const term = x.narrow(row, 0, 1).narrow(column, j, 1).squeeze([row, column]).mul(determinant(minor));
    return j % 2 === 0 ? term : term.neg();
  });
  return terms.reduce((a, b) => a.add(b));
}

export const matrices: Family = {
  Det: (node) => {
    const x = node.tensor(0);
    const n = x.shape[x.rank - 1];
    if (n > 5) throw node.unsupported(`the determinant of a ${n}×${n} matrix (at most 5×5)`);
    return determinant(x);
  },
  Einsum: (node) => einsum(node.attributes.string("equation", ""), ...node.tensors),
  Gemm: gemm,
  MatMul: matmul,
};
