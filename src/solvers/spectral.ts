import { TweedieError } from "../errors.ts";
import type { Operator, Svd } from "../operators/operator.ts";
import type { Tensor } from "../tensor/index.ts";

/** The measurement in the coordinates of A = UΣVᵀ: what DDRM and DDNM+ work with. */
export interface SpectralMeasurement {
  readonly svd: Svd;
  /** s; 1 in the directions that are not seen, so that it can be divided by. */
  readonly s: Tensor;
  /** Where A sees anything: s above the cutoff. */
  readonly seen: Tensor;
  /** ȳ = Σ⁺Uᵀy, [1, …]; its noise has the standard deviation σ_y/s. */
  readonly ybar: Tensor;
}

/**
 * @param cutoff singular values up to this count as zero
 * @throws TweedieError `invalid-operator` for an operator without a closed-form SVD
 */
export function spectralMeasurement(operator: Operator, y: Tensor, cutoff: number): SpectralMeasurement {
  const { svd } = operator;
  if (!svd) {
    const expected = "one with a singular value decomposition";
    throw new TweedieError("invalid-operator", { what: "operator", expected, got: operator.name });
  }
  const seen = svd.singularValues.greater(cutoff);
  const s = seen.where(svd.singularValues, 1);
  return { svd, s, seen, ybar: seen.where(svd.ut(y).div(s), 0) };
}

export interface SpectralStep {
  readonly x: Tensor;
  /** D(x, σ). */
  readonly mean: Tensor;
  readonly sigma: Tensor;
  readonly next: Tensor;
  readonly noisy: boolean;
  readonly sigmaY: Tensor;
  /** Standard normal, shaped as x. */
  readonly z: Tensor;
  readonly eta: number;
  readonly etaB: number;
}

/**
 * One step of DDRM (Kawar et al., arXiv 2201.11793, eq. 8), direction by direction (x̄ = Vᵀx, x̄0 = VᵀD, ε̄ = (x̄ − x̄0)/σ):
 *
 *   not seen        x̄' = x̄0 + √(1−η²)σ'ε̄ + ησ'z
 *   σ' ≥ σ_y/s      x̄' = (1−η_b)x̄0 + η_b ȳ + √(σ'² − η_b²σ_y²/s²) z
 *   σ' < σ_y/s      x̄' = x̄0 + √(1−η²)σ'(ȳ − x̄0)s/σ_y + ησ'z
 *
 * @returns the next state, and what it says of the clean picture: the same without the terms in σ'
 */
export function spectralStep(measured: SpectralMeasurement, step: SpectralStep): { next: Tensor; estimate: Tensor } {
  const { svd, s, seen, ybar } = measured;
  const { x, mean, sigma, next, noisy, sigmaY, z, eta, etaB } = step;
  const x0 = svd.vt(mean);
  const kept = next.mul(Math.sqrt(1 - eta ** 2));
  const fresh = z.mul(next.mul(eta));
  const free = x0.add(svd.vt(x.sub(mean)).mul(kept.div(sigma))).add(fresh);
  const drawn = x0.mul(1 - etaB).add(ybar.mul(etaB));
  if (!noisy) {
    const told = drawn.add(z.mul(next));
    return { next: svd.v(seen.where(told, free)), estimate: svd.v(seen.where(drawn, x0)) };
  }
  const noise = s.reciprocal().mul(sigmaY); // σ_y/s
  const trusted = seen.and(noise.lessOrEqual(next));
  const left = next
    .square()
    .sub(noise.square().mul(etaB ** 2))
    .maximum(0)
    .sqrt();
  const told = drawn.add(z.mul(left));
  const pulled = x0.add(ybar.sub(x0).div(noise).mul(kept)).add(fresh);
  return {
    next: svd.v(trusted.where(told, seen.where(pulled, free))),
    estimate: svd.v(trusted.where(drawn, x0)),
  };
}
