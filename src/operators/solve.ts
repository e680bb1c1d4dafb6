import { TweedieError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { asTensor } from "../tensor/ops/index.ts";
import { adjoint, type Operator } from "./operator.ts";

/** Guards the divisions of conjugate gradients once a residual has become exactly zero. */
const tiny = 1e-30;

/** Inner products per sample, [N, 1, 1, 1]: a batch never mixes. */
const inner = (a: Tensor, b: Tensor) => a.mul(b).sum([1, 2, 3], true);

/** A symmetric positive definite map on [N, C, H, W]. */
export type LinearMap = (x: Tensor) => Tensor;

/**
 * Conjugate gradients for `map(x) = rhs`, unrolled into the graph (Hestenes and Stiefel, 1952), per sample of the batch.
 * @param start first guess (zero when omitted)
 * @param preconditioner an approximate inverse of `map`, symmetric positive definite
 */
export function solveByConjugateGradient(
  map: LinearMap,
  rhs: Tensor,
  iterations: number,
  start?: Tensor,
  preconditioner: LinearMap = (r) => r,
): Tensor {
  if (!Number.isInteger(iterations) || iterations < 1) {
    const expected = "a positive number of iterations";
    throw new TweedieError("invalid-option", { what: "conjugate gradients", expected, got: String(iterations) });
  }
  let x = start;
  let r = start ? rhs.sub(map(start)) : rhs;
  let z = preconditioner(r);
  let p = z;
  let rz = inner(r, z);
  for (let k = 0; k < iterations; k++) {
    const q = map(p);
    const alpha = rz.div(inner(p, q).maximum(tiny));
    x = x ? x.add(p.mul(alpha)) : p.mul(alpha);
    if (k === iterations - 1) break;
    r = r.sub(q.mul(alpha));
    z = preconditioner(r);
    const next = inner(r, z);
    p = z.add(p.mul(next.div(rz.maximum(tiny))));
    rz = next;
  }
  return x as Tensor;
}

/** Conjugate gradients for (AᵀA + λI) x = rhs, rhs in the domain. λ > 0 is a scalar or [N, 1, 1, 1]. */
export function conjugateGradient(
  operator: Operator,
  rhs: Tensor,
  lambda: Tensor | number,
  iterations: number,
  start?: Tensor,
): Tensor {
  const shift = asTensor(lambda, rhs);
  const map = (x: Tensor) => adjoint(operator, operator.apply(x)).add(x.mul(shift));
  return solveByConjugateGradient(map, rhs, iterations, start);
}

/** (AᵀA + λI)⁻¹ rhs: in closed form where the operator has one, else by `cgIterations` of conjugate gradients. */
export function solveNormal(operator: Operator, rhs: Tensor, lambda: Tensor | number, cgIterations = 8): Tensor {
  const shift = asTensor(lambda, rhs);
  if (operator.solveNormal) return operator.solveNormal(rhs, shift);
  const { svd } = operator;
  if (svd) return svd.v(svd.vt(rhs).div(svd.singularValues.square().add(shift)));
  return conjugateGradient(operator, rhs, shift, cgIterations);
}

/**
 * (AAᵀ + λI)⁻¹ rhs, rhs in the range. Aᵀ(AAᵀ + λI)⁻¹ y equals (AᵀA + λI)⁻¹ Aᵀ y, but is smaller and, for small λ,
 * free of the rounding errors that a division by λ lifts in the null space.
 */
export function solveGram(operator: Operator, rhs: Tensor, lambda: Tensor | number, cgIterations = 8): Tensor {
  const shift = asTensor(lambda, rhs);
  if (operator.solveGram) return operator.solveGram(rhs, shift);
  const { svd } = operator;
  if (svd) return svd.u(svd.ut(rhs).div(svd.singularValues.square().add(shift)));
  const map = (y: Tensor) => operator.apply(adjoint(operator, y)).add(y.mul(shift));
  return solveByConjugateGradient(map, rhs, cgIterations);
}
