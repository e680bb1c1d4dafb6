import { TweedieError } from "../errors.ts";
import { input, type Shape, sizeOf, type Tensor, vjp } from "../tensor/index.ts";
import { sameShape, show } from "../tensor/ops/index.ts";

/** Plain JSON from which an operator can be rebuilt: its registered name and its options. */
export interface OperatorSpec {
  readonly name: string;
  readonly [option: string]: unknown;
}

/**
 * A = U Σ Vᵀ as tensor maps. Spectral coordinates have the shape of `vt(x)` and one entry per entry of x: V is a full
 * orthogonal basis of the domain. Left singular vectors stand beside their right ones; directions without one carry the
 * singular value 0, and `ut(y)` is 0 there. So `apply(x) = u(singularValues · vt(x))`, `v(vt(x)) = x`, `u(ut(y)) = y`;
 * with more measurements than pixels the last gives the part of y that A can cause.
 */
export interface Svd {
  vt(x: Tensor): Tensor;
  v(z: Tensor): Tensor;
  ut(y: Tensor): Tensor;
  u(z: Tensor): Tensor;
  /** Non-negative constant, broadcastable over `vt(x)`, in no particular order. */
  readonly singularValues: Tensor;
}

/**
 * A measurement operator y = A(x). Pictures are [N, C, H, W] with values in [-1, 1], so that 0 is mid grey: a linear
 * operator has no offsets, and what it puts outside a picture or in place of missing pixels is mid grey.
 */
export interface Operator {
  /** Registered name: "inpaint", "super-resolution", … */
  readonly name: string;
  /** Shape of x with N = 1; every map accepts any N. */
  readonly domain: Shape;
  /** Shape of y with N = 1. */
  readonly range: Shape;
  readonly linear: boolean;
  /** Does differentiation give something else than the derivative (rounding, whose own derivative is 0)? */
  readonly surrogateGradient?: boolean;
  apply(x: Tensor): Tensor;
  /** A†y, or a sensible start for the operators that have none. */
  pseudoInverse?(y: Tensor): Tensor;
  /** Does `A A† A = A` hold to rounding? Regularised pseudo-inverses say no. */
  readonly exactPseudoInverse?: boolean;
  /** Linear operators: x ↦ (AᵀA + λI)⁻¹ x in closed form; λ > 0 is a scalar or [N, 1, 1, 1]. Absent: use {@link solveNormal}. */
  solveNormal?(x: Tensor, lambda: Tensor): Tensor;
  /** Linear operators: y ↦ (AAᵀ + λI)⁻¹ y in closed form. Absent: use {@link solveGram}. */
  solveGram?(y: Tensor, lambda: Tensor): Tensor;
  readonly svd?: Svd;
  /** For masks: 1 where a pixel of x is known exactly, 0 where it is missing; broadcastable to the domain. */
  readonly known?: Tensor;
  /** 1 where an entry of y carries data, 0 where it is always zero; absent when all do. Broadcastable to the range. */
  readonly observed?: Tensor;
  /** ‖A‖₂² or an upper bound of it; for non-linear operators a typical squared slope. */
  readonly normSquared: number;
  /**
   * A classical estimate of x from one measurement (row-major, N = 1), computed on the host: bicubic enlargement,
   * a filled hole, a Wiener deconvolution. `sigma` is the noise's standard deviation on the [-1, 1] scale.
   */
  estimate?(y: ArrayLike<number>, sigma: number): Float64Array;
  /** For A ∘ decode, which measures latents: its parts, for solvers that go between latents and pictures. */
  readonly latent?: LatentView;
  toJSON(): OperatorSpec;
}

/** The parts of A ∘ decode. Each pass through the autoencoder carries a mark, `probe(·, "encode")` or `probe(·, "decode")`. */
export interface LatentView {
  /** A itself, on pictures. */
  readonly pictures: Operator;
  /** Pictures [N, C, H, W] of A's domain, on any grid, as latents: the mean of q(z|x). */
  encode(x: Tensor): Tensor;
  /** Latents as pictures of A's domain, not limited to [-1, 1]. */
  decode(z: Tensor): Tensor;
}

/** The probe labels of passes through an autoencoder; their VJPs count under the same labels with "'" appended. */
export const [ENCODE, DECODE] = ["encode", "decode"];

/** Aᵀy of a linear operator: the vector-Jacobian product of `apply`, never written by hand. */
export function adjoint(operator: Operator, y: Tensor): Tensor {
  if (!operator.linear) {
    throw new TweedieError("invalid-operator", {
      message: `adjoint: expected a linear operator, got ${operator.name}`,
      hint: "differentiate apply() at the point of interest with vjp()",
    });
  }
  checkShape(`adjoint of ${operator.name}`, operator.range, y);
  const x = input([y.shape[0], ...operator.domain.slice(1)], y.dtype); // its value drops out of the graph
  return vjp([operator.apply(x)], [x], [y])[0];
}

/** Throws `shape-mismatch` unless `x` is a batch of pictures of the shape `expected` (whose N is 1). */
export function checkShape(what: string, expected: Shape, x: Tensor): void {
  if (x.rank === 4 && sameShape(x.shape.slice(1), expected.slice(1))) return;
  const wanted = `[N, ${expected.slice(1).join(", ")}]`;
  throw new TweedieError("shape-mismatch", { what, expected: wanted, got: show(x.shape) });
}

/** Number of values of one measurement that carry data, given its `observed` entries. */
export function measurementSize(operator: Operator, observed: ArrayLike<number> | undefined): number {
  const size = sizeOf(operator.range);
  if (!observed) return size;
  let count = 0;
  for (let i = 0; i < observed.length; i++) count += observed[i] ? 1 : 0;
  return (count * size) / observed.length;
}
