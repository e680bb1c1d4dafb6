/**
 * DPS — Diffusion Posterior Sampling (Chung, Kim, McCann, Klasky, Ye; arXiv 2209.14687).
 *
 *   x̂0 = D(x, σ)                                   posterior mean of the clean picture, [N, C, H, W]
 *   x' = DDIM_η(x, x̂0; σ → σ')                     unconditional step, η = 1: DDPM ancestral
 *        − ζ √((1+σ²)(1+σ'²)) ∇ₓ ‖y − A(x̂0)‖₂      guidance through the network
 *
 * The paper's update is written for variance-preserving states x_vp = x/√(1+σ²); the factor carries its step ζ over to
 * the variance-exploding x used here. The official code takes the norm, not its square.
 * `weight: "bayes"` is the plain likelihood score, D_y = D − σ²/(2σ_y²) ∇‖y − A x̂0‖² (needs σ_y > 0): unstable in
 * practice, exact to analyse.
 */
import * as z from "zod";
import { ddimStep, karrasSigmas } from "../diffusion/index.ts";
import { gradient } from "../tensor/index.ts";
import { normPerSample, publishedScale } from "./per-sample.ts";
import type { Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  /** Number of noise levels; the paper uses 1000. */
  steps: z.int().min(1).default(1000),
  /** ζ, official code: 0.3 super-resolution and deblurring, 0.5 inpainting, 1 phase retrieval, for 1000 steps. */
  zeta: z.number().nonnegative().default(0.5),
  /**
   * Scale ζ by √(m/m₀)/‖A‖², m₀ = 3·256²: the norm of the residual grows like √m and Aᵀ shrinks a step by ‖A‖², so that
   * ζ acts alike on pictures of any size and for any scale.
   */
  anySize: z.boolean().default(false),
  weight: z.enum(["norm", "bayes"]).default("norm"),
  /** DDIM's η: 1 ancestral, 0 the probability-flow ODE. */
  eta: z.number().min(0).max(1).default(1),
  sigmaMax: z.number().positive().default(80),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
  /** Start from the classical estimate plus noise of sigmaMax, instead of from noise alone (as Chung et al., arXiv 2112.05146). */
  warm: z.boolean().default(false),
  /** Limit x̂0 to [-1, 1], as the official code does for pictures. */
  clip: z.boolean().default(true),
});

export const dps: Solver<z.output<typeof options>> = {
  name: "dps",
  reference: "Diffusion Posterior Sampling, Chung et al., arXiv 2209.14687",
  needs: { vjp: true, linear: false },
  sampler: true,
  options,

  // The official repository's; the paper's appendix has other values.
  forTask(task) {
    const zeta = { "super-resolution": 0.3, blur: 0.3, "nonlinear-blur": 0.3, "phase-retrieval": 1 }[task];
    return zeta === undefined ? {} : { zeta };
  },

  schedule({ steps, sigmaMin, sigmaMax, rho }) {
    const sigmas = [...karrasSigmas({ steps, min: sigmaMin, max: sigmaMax, rho })];
    return sigmas.slice(0, -1).map((sigma, i) => ({ kind: "step", sigma, scalars: { sigma, next: sigmas[i + 1] } }));
  },

  init: (scope, { sigmaMax, warm }) => ({
    x: startAt(scope, sigmaMax, warm),
  }),

  steps: ({ zeta, anySize, weight, eta, clip }) => ({
    step({ x }, { denoise, A, normSquared, y, sigmaY, scalar, noise }) {
      const sigma = scalar("sigma");
      const next = scalar("next");
      const mean = denoise(x, sigma);
      const x0 = clip ? mean.clip(-1, 1) : mean;
      const residual = y.sub(A(x0));
      const z = noise("z");
      if (weight === "bayes") {
        const [g] = gradient(residual.square().sum().mul(sigmaY.square().reciprocal().mul(0.5)), [x]);
        const guided = x0.sub(g.mul(sigma.square()));
        return { next: { x: ddimStep(x, guided, sigma, next, z, eta) }, estimate: guided };
      }
      const [g] = gradient(normPerSample(residual).sum(), [x]);
      const step = anySize ? normSquared.reciprocal().mul(zeta * publishedScale(residual)) : zeta;
      const scale = sigma.square().add(1).mul(next.square().add(1)).sqrt().mul(step);
      const xNext = ddimStep(x, x0, sigma, next, z, eta).sub(g.mul(scale));
      return { next: { x: xNext }, estimate: x0 };
    },
  }),
};
