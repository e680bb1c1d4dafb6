/**
 * MCG — manifold constrained gradients (Chung, Sim, Ryu, Ye; arXiv 2206.00941; constants from NVlabs/RED-diff).
 *
 *   x̂0 = D(x, σ)                                            x, x̂0: [N, C, H, W]
 *   g  = (I − A†A) ∇ₓ ‖A†(y − A x̂0)‖²                       gradient through the network, kept off what is measured
 *   x' = DDIM_η(x, x̂0; σ → σ') − w √(1+σ'²) g
 *   x' ← (I − A†A) x' + A†y + σ' A†A z                       what is measured is set, at the noise of the level
 *
 * Variance exploding: the official − w√ᾱ_t ∂/∂x_t ‖…‖² divided by √ᾱ_s, with ∂/∂x_t = (1/√ᾱ_t) ∂/∂x. The official code draws
 * the noise of the last line anew; DDIM's own lies in the complementary subspace, so that one draw serves both.
 *
 * The paper has masks, colours and tomography; A† of a blur multiplies the noise of y without limit. NVlabs' code masks pixels
 * with the sorted singular values, and the authors' own in DPS takes Aᵀ = I for a blur and returns (I − A)y − A x': neither is
 * a projection unless A is a mask. `inverse: "regularised"` puts the estimate of x0 − x̂0 ~ N(0, σ²I) from the noisy residual in
 * the place of A† (at σ in g, at σ' in the last line, which it leaves alone in directions that the noise drowns):
 *
 *   A† → Aᵀ(AAᵀ + (σ_y²/σ²) I)⁻¹
 *
 * `noiseAware` (not in the paper, which knows no measurement noise) sets what is measured only down to σ' = σ_y, with
 * √(σ'² − σ_y²) z for σ'z.
 */
import * as z from "zod";
import { adjoint, type Operator } from "../operators/operator.ts";
import { solveGram } from "../operators/solve.ts";
import { gradient, type Tensor } from "../tensor/index.ts";
import { descend, levelOptions, noiseLevels, reverseOptions, reverseStep } from "./noise-levels.ts";
import { pseudoInverse } from "./pseudo-inverse.ts";
import type { Solver } from "./solver.ts";
import { warmStart } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(1000),
  ...reverseOptions(1),
  /** w. */
  weight: z.number().nonnegative().default(1),
  noiseAware: z.boolean().default(false),
  inverse: z.enum(["pseudo", "regularised"]).default("pseudo"),
  /** Iterations of the regularised inverse where it has no closed form. */
  cgSteps: z.int().min(1).default(8),
  /** Start from the classical estimate instead of A†y. */
  warm: z.boolean().default(false),
  /** Limit x̂0 to [-1, 1]. */
  clip: z.boolean().default(true),
});

type Options = z.output<typeof options>;

export const mcg: Solver<Options> = {
  name: "mcg",
  reference: "MCG, Chung, Sim, Ryu, Ye, arXiv 2206.00941",
  needs: { vjp: true, linear: true, pseudoInverse: true },
  sampler: true,
  options,

  schedule: (o, { sigmaY }) =>
    descend(noiseLevels(o)).map((s) => {
      const next = s.scalars.next as number;
      const set = o.noiseAware && next < sigmaY ? 0 : 1;
      const tau = o.noiseAware ? Math.sqrt(Math.max(0, next ** 2 - sigmaY ** 2)) : next;
      const [lambda, lambdaNext] = [s.sigma, next].map(
        (level) => (Math.max(sigmaY, 1e-3) / Math.max(level, 1e-3)) ** 2,
      );
      return { ...s, scalars: { ...s.scalars, set, tau, lambda, lambdaNext } };
    }),

  init(scope, o) {
    const [sigma] = noiseLevels(o);
    const { operator, y, shape, noise } = scope;
    const published = () => pseudoInverse(operator, y).expand(shape).add(noise("start").mul(sigma));
    return { x: o.warm ? warmStart(scope, sigma) : published() };
  },

  steps: ({ weight, clip, inverse, cgSteps, ...reverse }) => ({
    step({ x }, { denoise, A, y, operator, scalar, noise }) {
      const [sigma, next, set, z] = [scalar("sigma"), scalar("next"), scalar("set"), noise("z")];
      const invert = (r: Tensor, lambda: string) =>
        inverse === "pseudo" ? pseudoInverse(operator, r) : regularised(operator, r, scalar(lambda), cgSteps);
      const mean = denoise(x, sigma);
      const x0 = clip ? mean.clip(-1, 1) : mean;
      const misfit = invert(y.sub(A(x0)), "lambda");
      const [pulled] = gradient(misfit.square().sum(), [x]);
      const g = pulled.sub(invert(A(pulled), "lambda")).mul(next.square().add(1).sqrt().mul(weight));
      const moved = reverseStep(reverse, x, x0, [sigma, next], z).sub(g);
      const correction = invert(y.sub(A(moved)).add(A(z).mul(scalar("tau"))), "lambdaNext");
      const seen = x0.sub(g);
      return {
        next: { x: moved.add(correction.mul(set)) },
        estimate: seen.add(invert(y.sub(A(seen)), "lambda").mul(set)),
      };
    },
  }),
};

/** Aᵀ(AAᵀ + λI)⁻¹ r. */
const regularised = (operator: Operator, r: Tensor, lambda: Tensor, cgSteps: number) =>
  adjoint(operator, solveGram(operator, r, lambda, cgSteps));
