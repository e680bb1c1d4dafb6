/**
 * ΠGDM — pseudoinverse-guided diffusion models (Song, Vahdat, Mardani, Kautz; ICLR 2023, "Pseudoinverse-Guided Diffusion
 * Models for Inverse Problems"; constants from NVlabs/RED-diff).
 *
 *   x̂0 = D(x, σ),  J = ∂D/∂x                            x, x̂0: [N, C, H, W]
 *   r² = cσ²/(c + σ²)                                    variance of x0 given x when the data have variance c (paper: 1)
 *   p  = A†y − A†A x̂0                                    no noise, or A is not linear
 *      = Aᵀ(AAᵀ + σ_y²/r² I)⁻¹ (y − A x̂0)               noise σ_y
 *   g  = Jᵀ p                                            guidance; r² times ∇ log N(y; A x̂0, r²AAᵀ + σ_y²I)
 *
 *   'published'  x' = DDIM_η(x, x̂0; σ → σ') + w g
 *   'score'      x' = DDIM_η(x, x̂0 + w σ²/r² g; σ → σ')  the likelihood score itself: exact for data N(·, cI)
 *
 * Variance exploding: the official x_s = √ᾱ_s x̂0 + c1 z + c2 ε̂ + w√(ᾱ_sᾱ_t) ∂x̂0/∂x_tᵀ p divided by √ᾱ_s, with
 * ∂x̂0/∂x_t = J/√ᾱ_t. Without noise a mask overwrites the measured pixels of x̂0, where g is then zero.
 */
import * as z from "zod";
import { adjoint } from "../operators/operator.ts";
import { solveGram } from "../operators/solve.ts";
import { type Tensor, vjp } from "../tensor/index.ts";
import { descend, levelOptions, noiseLevels, reverseOptions, reverseStep } from "./noise-levels.ts";
import { pseudoInverse } from "./pseudo-inverse.ts";
import type { Scope, Solver } from "./solver.ts";
import { warmStart } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(100),
  ...reverseOptions(1),
  /** w. */
  weight: z.number().nonnegative().default(1),
  guidance: z.enum(["published", "score"]).default("published"),
  /** c: variance of a pixel of clean pictures on the [-1, 1] scale. */
  dataVariance: z.number().positive().default(1),
  /** Conjugate-gradient steps for operators without a closed-form (AAᵀ + λI)⁻¹. */
  cgSteps: z.int().min(1).default(8),
  /** Start from the classical estimate instead of A†y. */
  warm: z.boolean().default(false),
  /** Limit x̂0 to [-1, 1]. */
  clip: z.boolean().default(true),
});

type Options = z.output<typeof options>;

export const pigdm: Solver<Options> = {
  name: "pigdm",
  reference: "ΠGDM, Song, Vahdat, Mardani, Kautz, ICLR 2023 (openreview 9_gsMA8MRKQ)",
  needs: { vjp: true, linear: false, pseudoInverse: true },
  sampler: true,
  options,

  schedule: (o) => descend(noiseLevels(o)),

  init(scope, o) {
    const [sigma] = noiseLevels(o);
    const { operator, y, shape, noise } = scope;
    const published = () => pseudoInverse(operator, y).expand(shape).add(noise("start").mul(sigma));
    return { x: o.warm ? warmStart(scope, sigma) : published() };
  },

  steps: (o) => ({
    step({ x }, scope) {
      const { denoise, scalar, noise, operator, y, noisy } = scope;
      const [sigma, next, z] = [scalar("sigma"), scalar("next"), noise("z")];
      const mean = denoise(x, sigma);
      const x0 = o.clip ? mean.clip(-1, 1) : mean;
      const [pulled] = vjp([x0], [x], [correction(x0, sigma, scope, o)]);
      const { known } = noisy ? {} : operator;
      const g = (known ? known.greater(0).where(0, pulled) : pulled).mul(o.weight);
      const filled = known ? known.greater(0).where(y, x0) : x0;
      if (o.guidance === "score") {
        const guided = filled.add(g.mul(sigma.square().div(o.dataVariance).add(1)));
        return { next: { x: reverseStep(o, x, guided, [sigma, next], z) }, estimate: guided };
      }
      // The noise estimate stays the network's own.
      const moved = reverseStep(o, x, x0, [sigma, next], z).add(filled.sub(x0)).add(g);
      return { next: { x: moved }, estimate: filled.add(g) };
    },
  }),
};

/** p: the pseudo-inverse of what x̂0 does not explain. */
function correction(x0: Tensor, sigma: Tensor, { operator, A, y, noisy, sigmaY }: Scope, o: Options): Tensor {
  if (!operator.linear || !noisy) return pseudoInverse(operator, y).sub(pseudoInverse(operator, A(x0)));
  const c = o.dataVariance;
  const lambda = sigma.square().add(c).div(sigma.square().mul(c)).mul(sigmaY.square()); // σ_y²/r²
  return adjoint(operator, solveGram(operator, y.sub(A(x0)), lambda, o.cgSteps));
}
