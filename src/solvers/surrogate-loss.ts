/**
 * The surrogate loss of STSL (Rout et al., arXiv 2312.00852, eq. 4), in the coordinates that stsl.ts explains:
 *
 *   L(z) = λ ‖y − A(𝒟(z̄0))‖ + η/d · T(z),   z̄0 = D(z, σ),  T ≈ tr ∇²log p_t (curvature.ts)
 *
 * Where its second term comes from: E‖y − A𝒟(z0)‖² given z is, for linear A𝒟 = A',
 *
 *   ‖y − A'z̄0‖² + tr(A' Cov[z0|z] A'ᵀ),   Cov[z0|z] = σ² ∂D/∂z = σ² (I + σ² ∇²log p_σ)
 *
 * which bounds log p(y|z) from below (Jensen). `matched` takes the second summand in L with its own weight, for a cloud of z0 that
 * is equally wide in all directions: a²σ⁴ tr ∇²log p_σ, a² = ‖A'‖²_F/d; `measured` takes it as it is.
 */
import * as schema from "zod";
import { constant, gradient, type Tensor, vjp } from "../tensor/index.ts";
import { type Curvature, curvature, probeLength } from "./curvature.ts";
import { gluing } from "./gluing.ts";
import { elementsPerSample, normPerSample, publishedScale, sumPerSample } from "./per-sample.ts";
import type { Scope } from "./solver.ts";

export const lossOptions = {
  /** K: gradient steps at each noise level. */
  inner: schema.int().min(1).default(5),
  /** ω: weight of the measurement; each inner step takes ω/K, so that K of them go as far as one of PSLD. */
  omega: schema.number().nonnegative().default(1),
  /**
   * λ‖·‖ is `norm`: ω/K ‖y − A𝒟(z̄0)‖ (PSLD's code); `square`: ω/K ‖y − A𝒟(z̄0)‖² (the paper's formula);
   * `bayes`: ω/(2σ_y²) ‖y − A𝒟(z̄0)‖² with steps of σ(σ−σ')/K, the plain likelihood score over one DDIM step (needs σ_y > 0).
   */
  weight: schema.enum(["norm", "square", "bayes"]).default("norm"),
  /** Scale ω by √(m/m₀)/‖A‖², m₀ = 3·256², as DPS does on request: ω then acts alike for pictures of any size. */
  anySize: schema.boolean().default(false),
  /** η: weight of the curvature term; 0.02 (paper) by default, 1 for the two other forms. 0 leaves it out, and half of the calls. */
  eta: schema.number().nonnegative().optional(),
  /** `paper`: η/d T; `matched` and `measured`: η times the covariance's part of E‖y − A𝒟(z0)‖², with the weight of the residual's. */
  curvature: schema.enum(["paper", "matched", "measured"]).default("paper"),
  /** Length of the probe in `paper` and `matched`: 1 in the paper's coordinates; or `delta` noise levels, which does give a trace. */
  probe: schema.enum(["unit", "finite-difference"]).default("unit"),
  delta: schema.number().positive().default(0.01),
  /** Probes for each inner step; each costs one more row of the batch. */
  probes: schema.int().min(1).default(1),
  /** γ of PSLD's gluing term ‖z̄0 − E(Aᵀy + 𝒟(z̄0) − AᵀA𝒟(z̄0))‖, also divided by K; linear operators only. */
  gluing: schema.number().nonnegative().default(0),
};

type LossOptions = schema.output<schema.ZodObject<typeof lossOptions>>;

export interface SurrogateStep {
  /** z̄0 = E[z0|z]. */
  readonly mean: Tensor;
  /** ‖y − A𝒟(z̄0)‖ of each sample, [N, 1, 1, 1]. */
  readonly residual: Tensor;
  /** What one inner step subtracts from z. */
  readonly move: Tensor;
}

/** One inner step at z; the scalars `sigma` and `next` are the noise level and the one after it. */
export function surrogateStep(z: Tensor, scope: Scope, o: LossOptions): SurrogateStep {
  const { y, scalar, sigmaY, normSquared, measured: m, operator } = scope;
  const sigma = scalar("sigma");
  const eta = o.eta ?? (o.curvature === "paper" ? 0.02 : 1);
  const { mean, trace } = estimates(z, sigma, scope, o, eta);
  const { pictures = operator, decode = same } = operator.latent ?? {};
  const picture = decode(mean);
  const measured = pictures.apply(picture);
  const r = y.sub(measured);
  const residual = normPerSample(r);

  const size = o.anySize ? normSquared.reciprocal().mul(publishedScale(r)) : constant(1);
  const lambda = size.mul(o.omega).div(o.weight === "bayes" ? sigmaY.square().mul(2) : o.inner);
  const terms = [(o.weight === "norm" ? residual : residual.square()).mul(lambda)];
  if (eta > 0 && o.curvature === "paper" && trace) terms.push(trace.mul(eta / elementsPerSample(z)));
  else if (eta > 0) {
    const [back] = vjp([measured], [mean], [scope.noise("range", [z.shape[0], ...operator.range.slice(1)])]);
    const direction = back.stopGradient(); // A'ᵀu
    const spread = trace ? isotropic(trace, sigma, direction) : along(direction, z, mean, sigma, scope, o.delta);
    // ∂‖r‖ = ∂‖r‖²/(2‖r‖): the weight of the square in either form. What noise alone leaves, σ_y√m, bounds it where y happens to be met.
    const noise = sigmaY.mul(m.sqrt()).maximum(1e-12);
    const perSquare = o.weight === "norm" ? residual.stopGradient().maximum(noise).mul(2).reciprocal() : 1;
    terms.push(spread.mul(perSquare).mul(lambda.mul(eta)));
  }
  if (o.gluing > 0) terms.push(gluing(mean, picture, scope).mul(o.gluing / o.inner));

  const [g] = gradient(terms.reduce((sum, term) => sum.add(term)).sum(), [z]);
  const step = o.weight === "bayes" ? sigma.mul(sigma.sub(scalar("next"))).mul(1 / o.inner) : sigma.square().add(1);
  return { mean, residual, move: g.mul(step) };
}

function estimates(
  z: Tensor,
  sigma: Tensor,
  scope: Scope,
  o: LossOptions,
  eta: number,
): Partial<Curvature> & { mean: Tensor } {
  if (eta === 0 || o.curvature === "measured") return { mean: scope.denoise(z, sigma) };
  const [samples, channels, ...sides] = z.shape;
  const probes = scope.noise("probe", [samples, o.probes * channels, ...sides]);
  return curvature(scope.denoise, z, sigma, probeLength(sigma, o.probe, o.delta), probes);
}

/** tr(A' Cov A'ᵀ) up to a constant, as a² tr Cov, a² = ‖A'‖²_F/d ≈ ‖A'ᵀu‖²/d; `trace` is in the paper's coordinates. */
function isotropic(trace: Tensor, sigma: Tensor, direction: Tensor): Tensor {
  const variance = sigma.square();
  const gain = sumPerSample(direction.square()).mul(1 / elementsPerSample(direction));
  return trace.mul(gain).mul(variance.square().div(variance.add(1)));
}

/** wᵀ Cov w = σ² wᵀ (∂D/∂z) w for w = A'ᵀu, whose mean over u ~ N(0, I) is tr(A' Cov A'ᵀ), by a difference over `delta` noise levels. */
function along(w: Tensor, z: Tensor, mean: Tensor, sigma: Tensor, { denoise }: Scope, delta: number): Tensor {
  const length = normPerSample(w)
    .mul(1 / Math.sqrt(elementsPerSample(w)))
    .maximum(1e-12);
  const unit = w.div(length);
  const ahead = denoise(z.add(unit.mul(sigma.mul(delta))), sigma);
  return sumPerSample(ahead.sub(mean).mul(unit))
    .mul(length.square())
    .mul(sigma.mul(1 / delta));
}

const same = (x: Tensor) => x;
