/**
 * MAPGA — inverse problems with diffusion models: a MAP estimation perspective (Gutha, Vinuesa, Azizpour;
 * arXiv 2407.20784). No code is public; loop and step sizes are reconstructed.
 *
 *   At each level σ climb log p(y|f(x)) + log p_σ(x) over the noisy picture x, K times:
 *     x ← x + γ { Jᵀ ∇_f [−½‖y − A(f)‖²] + σ_y² (D − x)/σ² },   f = f(x, σ),  J = ∂f/∂x        [N, C, H, W]
 *   then step down as consistency models sample: x ← f(x, σ) + √(σ'² − σ_min²) z.
 *
 * f takes a noisy picture to the end of its probability-flow ODE. The paper has a consistency model for it; here the
 * denoiser stands in: `odeSteps` Euler steps, one of which is D itself. Everything is multiplied by σ_y²;
 * γ = γ0/(‖A‖² + σ_y²/σ²) bounds the curvature where ‖J‖ ≤ 1. On a Gaussian prior and with f exact, the maximum has
 * f(x) = MAP at every σ; with f = D it is the MAP of the prior covariance C²(C + σ²I)⁻¹, right as σ → 0.
 */
import * as z from "zod";
import { eulerStep, karrasSigmas } from "../diffusion/index.ts";
import { constant, gradient, type Tensor } from "../tensor/index.ts";
import { elementsPerSample, normPerSample } from "./per-sample.ts";
import type { Scope, Solver, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  /** Noise levels. */
  steps: z.int().min(1).default(30),
  /** K: ascent steps at each level. */
  inner: z.int().min(0).default(10),
  /** γ0. */
  gamma: z.number().positive().default(1),
  /** Climb the prior's density as well; without it the prior acts through f and the steps down alone. */
  prior: z.boolean().default(true),
  /** Euler steps that stand for the consistency model. */
  odeSteps: z.int().min(1).default(1),
  sigmaMax: z.number().positive().default(80),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
  /** Start from the classical estimate plus noise of sigmaMax. */
  warm: z.boolean().default(false),
  /** Longest ascent step, in units of σ√n. */
  cap: z.number().positive().default(1),
  clip: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const mapga: Solver<Options> = {
  name: "mapga",
  reference: "MAPGA, Gutha, Vinuesa, Azizpour, arXiv 2407.20784",
  needs: { vjp: true, linear: false },
  sampler: false,
  options,

  schedule({ steps, inner, odeSteps, sigmaMax, sigmaMin, rho }) {
    const sigmas = [...karrasSigmas({ steps, min: sigmaMin, max: sigmaMax, rho })];
    return sigmas.slice(0, -1).flatMap((sigma, i): Step[] => {
      // the last step down ends at the picture itself
      const next = Math.sqrt(Math.max(0, sigmas[i + 1] ** 2 - sigmaMin ** 2));
      const ode = [...karrasSigmas({ steps: odeSteps, min: Math.min(sigma, sigmaMin), max: sigma, rho })];
      const scalars = { sigma, ode: ode.slice(1), next };
      return [
        ...Array.from({ length: inner }, () => ({ kind: "ascend", sigma, scalars })),
        { kind: "descend", sigma, scalars },
      ];
    });
  },

  init: (scope, { sigmaMax, warm }) => ({
    x: startAt(scope, sigmaMax, warm),
  }),

  steps: (o) => ({
    ascend({ x }, scope) {
      const { A, y, normSquared, sigmaY } = scope;
      const sigma = scope.scalar("sigma");
      const { f, d } = consistency(x, scope, o);
      const loss = y.sub(A(f)).square().sum().mul(-0.5);
      const [data] = gradient(loss, [x]);
      const lambda = o.prior ? sigmaY.square().div(sigma.square()) : constant(0);
      const pull = o.prior ? data.add(d.sub(x).mul(lambda)) : data;
      const step = pull.mul(lambda.add(normSquared).reciprocal().mul(o.gamma));
      const longest = sigma.mul(o.cap * Math.sqrt(elementsPerSample(x)));
      const shorter = longest.div(normPerSample(step).maximum(constant(1e-30))).minimum(1);
      return { next: { x: x.add(step.mul(shorter)) }, estimate: f };
    },
    descend({ x }, scope) {
      const { f } = consistency(x, scope, o);
      return { next: { x: f.add(scope.noise("z").mul(scope.scalar("next"))) }, estimate: f };
    },
  }),
};

/** f(x, σ), and D(x, σ) from its first Euler step. */
function consistency(x: Tensor, { denoise, scalar }: Scope, { odeSteps, clip }: Options) {
  const sigma = scalar("sigma");
  const d = denoise(x, sigma);
  if (odeSteps === 1) return { f: clip ? d.clip(-1, 1) : d, d };
  const ode = scalar("ode", [odeSteps]);
  const level = (k: number) => ode.narrow(0, k, 1).squeeze();
  let f = eulerStep(x, d, sigma, level(0));
  for (let k = 0; k + 1 < odeSteps; k++) f = eulerStep(f, denoise(f, level(k)), level(k), level(k + 1));
  return { f: clip ? f.clip(-1, 1) : f, d };
}
