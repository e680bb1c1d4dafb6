/**
 * DDRM — denoising diffusion restoration models (Kawar, Elad, Ermon, Song; arXiv 2201.11793; constants from the official
 * code). Linear A = UΣVᵀ, no derivative through the network.
 *
 *   x̄ = Vᵀx,  ȳ = Σ⁺Uᵀy                                 spectral coordinates, shaped as x: [N, C, H, W]
 *   start   x̄ = ȳ + √(σ_T² − σ_y²/s²) z  where sσ_T > σ_y,  σ_T z  elsewhere
 *   step    see {@link spectralStep}: a direction that is not seen is sampled, one whose measurement is less noisy than
 *           the next level is set to it, and the others are pulled towards it
 *
 * The paper writes it for variance-exploding states already (the official code divides by √ᾱ_t). Where s σ' = σ_y exactly,
 * the official code treats a direction as unseen; here, as in the paper, as measured, so that σ_y = 0 ends on A x = y.
 */
import * as z from "zod";
import { descend, levelOptions, noiseLevels } from "./noise-levels.ts";
import type { Solver } from "./solver.ts";
import { spectralMeasurement, spectralStep } from "./spectral.ts";

const options = z.strictObject({
  ...levelOptions(20),
  /** η of the directions that are not seen, or seen with more noise than the level's own. Not DDIM's. */
  eta: z.number().min(0).max(1).default(0.85),
  /** η_b: how far the others go to their measurement. */
  etaB: z.number().min(0).max(1).default(1),
  /** Singular values up to this count as zero. The official code: 3e-2 along each axis of a separable operator. */
  cutoff: z.number().nonnegative().default(1e-3),
  /** Start the unseen directions from the classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

export const ddrm: Solver<z.output<typeof options>> = {
  name: "ddrm",
  reference: "DDRM, Kawar, Elad, Ermon, Song, arXiv 2201.11793",
  needs: { vjp: false, linear: true, svd: true },
  sampler: true,
  options,

  schedule: (o) => descend(noiseLevels(o)),

  init({ noise, start, shape, y, operator, sigmaY }, o) {
    const { svd, s, seen, ybar } = spectralMeasurement(operator, y, o.cutoff);
    const [sigma] = noiseLevels(o);
    const told = seen.and(s.mul(sigma).greater(sigmaY));
    const left = told
      .where(s.reciprocal().mul(sigmaY).square(), 0)
      .neg()
      .add(sigma ** 2)
      .maximum(0)
      .sqrt();
    const centre = told.where(ybar, o.warm ? svd.vt(start) : 0);
    return { x: svd.v(centre.expand(shape).add(noise("start").mul(left))) };
  },

  steps: ({ eta, etaB, cutoff }) => ({
    step({ x }, { denoise, y, operator, noisy, sigmaY, scalar, noise }) {
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const measured = spectralMeasurement(operator, y, cutoff);
      const mean = denoise(x, sigma);
      const moved = spectralStep(measured, { x, mean, sigma, next, noisy, sigmaY, z: noise("z"), eta, etaB });
      return { next: { x: moved.next }, estimate: moved.estimate };
    },
  }),
};
