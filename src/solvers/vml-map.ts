/**
 * VML-MAP — variational mode-seeking loss for maximum-a-posteriori restoration
 * (Gutha, Vinuesa, Azizpour; arXiv 2512.10524). Linear H, Gaussian noise σ_y.
 *
 *   At each noise level σ minimise KL( p(x0|x) ‖ p(x0|y) ) over x, then take the usual reverse step:
 *   D = D(x, σ),  J = ∂D/∂x
 *   v = Hᵀ(y − H D)/σ_y² + (D − x)/σ²              −∇VML_S = Jᵀ v  (trace terms left out; `traces` adds them)
 *   x ← x + γ Jᵀ P v                               K times
 *   x ← D + (σ'/σ)(x − D)          'ode'     or     x ← D + σ' z         'renoise'
 *
 * Everything is multiplied by σ_y², so that σ_y → 0 stays finite; λ = σ_y²/σ².
 *   P = 'none':  I, with γ = γ0/(‖H‖² + λ/4)        the curvature bound of the Gaussian case
 *       'cg':    (HᵀH + λI)⁻¹                       Newton-like in the row space
 *       'svd':   V[ 1/max(Σ², λ) ]Vᵀ                where s = 0 or s² ≥ λ the paper's V[ Σ⁺² + (1−Σ⁺Σ)/λ ]Vᵀ, by SVD.
 *                Between them, where noise drowns a direction, the paper's step 1/s² is too long: for prior variance C the
 *                curvature is J² + Jσ_y²/(s²(C + σ²)), stable below 2. Its σ_y = 1e-9 knows none of these; `svdFloor`
 *       'data':  (HᵀH + λI)⁻¹ on the data part, ν(D − x) for the prior part: on real networks, whose J has
 *                eigenvalues above 1, the unit prior step of 'cg' and 'svd' grows without end
 * ‖H‖² is the operator's own bound, or by `powerSteps` power iterations on HᵀH from the data step's direction: for a decoder, whose
 * slope is another at each D, the bound is that of its steepest place.
 * A step longer than `cap`·σ√n is shortened to that length.
 */
import * as z from "zod";
import { eulerStep, karrasSigmas } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { adjoint, type Operator } from "../operators/operator.ts";
import { solveGram, solveNormal } from "../operators/solve.ts";
import { constant, gradient, jvp, type Tensor, vjp } from "../tensor/index.ts";
import { elementsPerSample, normPerSample } from "./per-sample.ts";
import type { Scope, Solver, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  /** N: noise levels. */
  steps: z.int().min(1).default(50),
  /** K: descent steps at each level. */
  inner: z.int().min(0).default(10),
  /** γ0. */
  gamma: z.number().positive().default(1),
  precondition: z.enum(["none", "cg", "svd", "data"]).default("none"),
  /** 'svd': no step is longer than that of the null space, 1/λ. False is the paper's formula. */
  svdFloor: z.boolean().default(true),
  /** ν: weight of the prior part when the data part is preconditioned. */
  nu: z.number().nonnegative().default(0.1),
  /** Power iterations that estimate ‖H‖² anew at each descent step; 0 takes the operator's bound. The paper says nothing of it. */
  powerSteps: z.int().min(0).default(0),
  cgSteps: z.int().min(1).default(8),
  reverse: z.enum(["ode", "renoise"]).default("ode"),
  /** Highest level; the start is noise of this level around zero, or around the first guess when `warm`. */
  sigmaMax: z.number().positive().default(80),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
  warm: z.boolean().default(false),
  /** Add the gradient of the two trace terms, estimated with one normal probe (Hutchinson); they move with the plain γ. */
  traces: z.boolean().default(false),
  /** Longest step, in units of σ√n. */
  cap: z.number().positive().default(1),
  /** σ_y is not taken smaller than this. */
  sigmaFloor: z.number().positive().default(1e-3),
  clip: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const vmlMap: Solver<Options> = {
  name: "vml-map",
  reference: "VML-MAP, Gutha, Vinuesa, Azizpour, arXiv 2512.10524",
  needs: { vjp: true, linear: true },
  linearises: true,
  sampler: false,
  options,

  schedule({ steps, inner, sigmaMin, sigmaMax, rho }) {
    const sigmas = [...karrasSigmas({ steps, min: sigmaMin, max: sigmaMax, rho })];
    return sigmas
      .slice(0, -1)
      .flatMap((sigma, i): Step[] => [
        ...Array.from({ length: inner }, () => ({ kind: "descend", sigma, scalars: { sigma, next: 0 } })),
        { kind: "reverse", sigma, scalars: { sigma, next: sigmas[i + 1] } },
      ]);
  },

  init: (scope, { sigmaMax, warm }) => ({
    x: startAt(scope, sigmaMax, warm),
  }),

  steps: (o) => ({
    descend({ x }, scope) {
      const sigma = scope.scalar("sigma");
      const d = scope.denoise(x, sigma);
      const { step, direct } = descent(x, d, sigma, scope, o);
      const [pulled] = vjp([d], [x], [step]);
      const total = direct ? pulled.sub(direct) : pulled;
      return {
        next: { x: x.add(shorten(total, sigma.mul(o.cap * Math.sqrt(elementsPerSample(x))))) },
        estimate: picture(d, o),
      };
    },
    reverse({ x }, { denoise, scalar, noise }) {
      const sigma = scalar("sigma");
      const next = scalar("next");
      const d = denoise(x, sigma);
      const moved = o.reverse === "ode" ? eulerStep(x, d, sigma, next) : d.add(noise("z").mul(next));
      return { next: { x: moved }, estimate: picture(d, o) };
    },
  }),
};

const picture = (d: Tensor, { clip }: Options) => (clip ? d.clip(-1, 1) : d);

/** γ P v, to be pulled back through J, and the trace terms' own gradient (already in x). */
function descent(x: Tensor, d: Tensor, sigma: Tensor, scope: Scope, o: Options): { step: Tensor; direct?: Tensor } {
  const { operator, A, y } = scope;
  const sigmaY = scope.sigmaY.maximum(o.sigmaFloor);
  const lambda = sigmaY.square().div(sigma.square());
  const residual = y.sub(A(d));
  const prior = d.sub(x);
  const v = () => adjoint(operator, residual).add(prior.mul(lambda));
  const slope = o.powerSteps > 0 ? squaredSlope(operator, residual, o.powerSteps) : scope.normSquared;
  const gamma = lambda.mul(0.25).add(slope).reciprocal().mul(o.gamma);
  // (HᵀH + λI)⁻¹Hᵀ = Hᵀ(HHᵀ + λI)⁻¹: the smaller system
  const dataStep = () => adjoint(operator, solveGram(operator, residual, lambda, o.cgSteps));
  const step = {
    none: () => v().mul(gamma),
    cg: () => solveNormal(operator, v(), lambda, o.cgSteps).mul(o.gamma),
    svd: () => preconditionSvd(operator, v(), lambda, o.svdFloor).mul(o.gamma),
    data: () => dataStep().add(prior.mul(o.nu)).mul(o.gamma),
  }[o.precondition]();
  if (!o.traces) return { step };
  // q(x) = −½ uᵀJu + (σ²/2σ_y²) wᵀJw with w = Hᵀu', scaled by σ_y² and γ like everything else
  const u = scope.noise("probe");
  const w = adjoint(operator, scope.noise("probe-y", [x.shape[0], ...y.shape.slice(1)]));
  const quadratic = (p: Tensor) => jvp([d], [x], [p])[0].mul(p).sum();
  const q = quadratic(w).mul(sigma.square()).sub(quadratic(u).mul(sigmaY.square())).mul(0.5);
  const [g] = gradient(q, [x]);
  return { step, direct: g.mul(gamma) };
}

/** ‖H‖² of each sample from below, by power iterations on HᵀH that begin with Hᵀ of the residual. */
function squaredSlope(operator: Operator, residual: Tensor, iterations: number): Tensor {
  let v = adjoint(operator, residual);
  let slope = constant(0);
  for (let k = 0; k < iterations; k++) {
    const unit = v.div(normPerSample(v).maximum(1e-30));
    v = adjoint(operator, operator.apply(unit));
    slope = normPerSample(v);
  }
  return slope;
}

/** V[ 1/max(Σ², λ) ]Vᵀ v, whose curvature is J at most; or the paper's V[ Σ⁺² + (1−Σ⁺Σ)/λ ]Vᵀ v. */
function preconditionSvd(operator: Operator, v: Tensor, lambda: Tensor, floor: boolean): Tensor {
  const { svd } = operator;
  if (!svd)
    throw new TweedieError("invalid-operator", {
      message: `vml-map: precondition=svd: expected an operator with a closed-form SVD, got ${operator.name}`,
      hint: "precondition=cg or precondition=data need none",
    });
  const squared = svd.singularValues.square();
  const inRow = svd.singularValues.greater(1e-9);
  return svd.v(svd.vt(v).div(floor ? squared.maximum(lambda) : inRow.where(squared, lambda)));
}

/** The safeguard: keeps the direction, limits each sample's length. */
function shorten(step: Tensor, longest: Tensor): Tensor {
  const length = normPerSample(step).maximum(constant(1e-30));
  return step.mul(longest.div(length).minimum(1));
}
