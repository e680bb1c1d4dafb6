/**
 * MPGD — manifold preserving guided diffusion (He et al.; arXiv 2311.16424; constants from the official code), the form
 * without an autoencoder. Any differentiable A, no derivative through the network.
 *
 *   x̂0 = D(x, σ),  ε̂ = (x − x̂0)/σ                          x, x̂0: [N, C, H, W]
 *   x̂  = x̂0 − ζ √(1+σ'²) ∇_x̂0 ‖y − A(x̂0)‖₂
 *   x' = DDIM_η with x̂ for the picture and the noise ε̂ as it was
 *
 * Variance exploding: the official step is ζ/√ᾱ_s (of the next level), √ᾱ_s = 1/√(1+σ'²).
 */
import * as z from "zod";
import { gradient } from "../tensor/index.ts";
import { descend, levelOptions, noiseLevels, reverseOptions, reverseStep } from "./noise-levels.ts";
import { normPerSample, publishedScale } from "./per-sample.ts";
import type { Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(100),
  /** ζ for pictures of 3·256² values and 100 steps; official: 17.5, 7.5, 4 for 20, 50, 100 steps (super-resolution ×4). */
  zeta: z.number().nonnegative().default(4),
  /** Scale ζ by √(n/n₀), n₀ = 3·256²: the gradient of a norm has the same length for pictures of any size. */
  anySize: z.boolean().default(false),
  /**
   * Never step further than (‖y − A(x̂0)‖ − σ_y√m)/‖A‖²: what is left to explain, along a gradient that explains it at the
   * rate ‖A‖².
   */
  bounded: z.boolean().default(false),
  ...reverseOptions(0.5),
  /** Start from the classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
  /** Limit the network's x̂0 to [-1, 1]. */
  clip: z.boolean().default(true),
});

export const mpgd: Solver<z.output<typeof options>> = {
  name: "mpgd",
  reference: "MPGD, He, Murata, Lai et al., arXiv 2311.16424",
  needs: { vjp: false, linear: false },
  sampler: true,
  options,

  schedule: (o) => descend(noiseLevels(o)),

  init: (scope, o) => ({ x: startAt(scope, noiseLevels(o)[0], o.warm) }),

  steps: ({ zeta, anySize, bounded, clip, ...reverse }) => ({
    step({ x }, { denoise, A, y, normSquared, measured, sigmaY, scalar, noise }) {
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const mean = denoise(x, sigma);
      const x0 = (clip ? mean.clip(-1, 1) : mean).stopGradient();
      const misfit = normPerSample(y.sub(A(x0)));
      const [g] = gradient(misfit.sum(), [x0]);
      const size = anySize ? publishedScale(x) : 1;
      const published = next
        .square()
        .add(1)
        .sqrt()
        .mul(zeta * size);
      const left = misfit.sub(measured.sqrt().mul(sigmaY)).maximum(0);
      const step = bounded ? left.div(normSquared).minimum(published) : published;
      const guided = x0.sub(g.mul(step));
      // DDIM moves x̂0 and keeps ε̂, so that the correction is simply added.
      const moved = reverseStep(reverse, x, x0, [sigma, next], noise("z")).add(guided).sub(x0);
      return { next: { x: moved }, estimate: guided };
    },
  }),
};
