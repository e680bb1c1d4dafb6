/**
 * LATINO — Latent consistency inverse solver (Spagnoletti, Prost, Almansa, Papadakis, Pereyra; arXiv 2503.12615; constants
 * from the official code). Linear A; no gradient at all. Made for consistency models, which give a sharp picture in one
 * evaluation; with a denoiser, whose one evaluation gives the mean of all pictures, it takes more levels and stays smoother.
 *
 *   ẑ0 = D(z, σ)                                                [N, latents, h, w]
 *   x  = argmin_x ‖x − decode(ẑ0)‖² + (1/ρ)‖y − A x‖²             one proximal step, closed form or conjugate gradients
 *   ẑ0' = encode(x),   z' = ẑ0' + σ' n                            n new ('renoise'), or the noise in z ('ddim')
 *
 *   weight 'latino': 1/ρ = δ (1−ᾱ)/σ_y² · ‖y − A decode(ẑ0)‖,  1−ᾱ = σ²/(1+σ²)
 *          'bayes':  1/ρ = σ²/σ_y²                              as DiffPIR
 */
import * as z from "zod";
import { createSchedule, sigmaAt, timeAt } from "../diffusion/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { latentParts } from "./latent-guidance.ts";
import { descend, reverseOptions, reverseStep } from "./noise-levels.ts";
import { normPerSample } from "./per-sample.ts";
import { proximal } from "./proximal.ts";
import type { Scope, Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const { eta } = reverseOptions(0);

const options = z.strictObject({
  /** Evenly spaced timesteps of latent diffusion's 1000, without 0; official: 999, 874, …, 124. */
  steps: z.int().min(1).default(8),
  /** Level of the first; the default is latent diffusion's highest. */
  sigmaMax: z.number().positive().default(14.6146),
  reverse: z.enum(["renoise", "ddim"]).default("renoise"),
  eta,
  weight: z.enum(["latino", "bayes"]).default("latino"),
  /** δ above the level `turn`, and below. Official: 0.01 and 1; Gaussian blur 5e-4 and 2e-4, motion 4e-4 and 2e-4, a box 1 and 0.5. */
  delta: z.number().positive().default(0.01),
  deltaLate: z.number().positive().default(1),
  /** The level at which δ changes. Official: that of timestep 300, 400 or 500, by task: 0.83, 1.16, 1.62. */
  turn: z.number().nonnegative().default(1.16),
  /** Conjugate gradients, where the proximal step has no closed form. */
  cgSteps: z.int().min(1).default(8),
  /** σ_y is not taken smaller than this. */
  sigmaFloor: z.number().positive().default(1e-3),
  /** Start from the encoded classical estimate plus noise of the first level (official), or from noise alone. */
  warm: z.boolean().default(true),
});

type Options = z.output<typeof options>;

export const latino: Solver<Options> = {
  name: "latino",
  reference: "LATINO, Spagnoletti et al., arXiv 2503.12615",
  needs: { vjp: false, linear: true, latent: true },
  sampler: true,
  options,

  remark: () =>
    "latino: made for consistency models, which give a sharp picture in one evaluation; a denoiser gives the mean of many, and a smoother result",

  forTask(task) {
    if (task === "blur") return { delta: 5e-4, deltaLate: 2e-4, turn: 1.16 };
    return task === "inpaint" ? { delta: 1, deltaLate: 0.5, turn: 1.62 } : {}; // a box; 0.01 and 1 for pixels missing at random
  },

  schedule: (o) =>
    descend(levels(o)).map(({ scalars, ...step }) => ({
      ...step,
      scalars: { ...scalars, delta: step.sigma > o.turn ? o.delta : o.deltaLate },
    })),

  init: (scope, o) => ({ x: startAt(scope, levels(o)[0], o.warm) }),

  steps: (o) => ({
    step({ x }, scope) {
      const { denoise, operator, y, scalar, noise } = scope;
      const { pictures, encode, decode } = latentParts(operator);
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const picture = decode(denoise(x, sigma));
      const misfit = normPerSample(y.sub(pictures.apply(picture)));
      const fitted = encode(proximal(pictures, picture, y, weight(misfit, scope, o), o.cgSteps));
      return { next: { x: reverseStep(o, x, fitted, [sigma, next], noise("z")) }, estimate: fitted };
    },
  }),
};

/** (T+1)k/steps − 1 for k = steps … 1, T the timestep of sigmaMax: 999, 874, …, 124 for eight steps from the highest. Then 0. */
function levels({ steps, sigmaMax }: Options): number[] {
  const schedule = createSchedule({ type: "scaled-linear" });
  const first = timeAt(schedule, sigmaMax);
  const times = Array.from({ length: steps }, (_, i) => ((first + 1) * (steps - i)) / steps - 1);
  return [...times.map((t) => sigmaAt(schedule, t)), 0];
}

/** ρ of the proximal step, which is never 0. */
function weight(misfit: Tensor, { sigmaY, scalar }: Scope, o: Options): Tensor {
  const variance = scalar("sigma").square();
  const noise = sigmaY.maximum(o.sigmaFloor).square();
  if (o.weight === "bayes") return variance.reciprocal().mul(noise);
  const reach = misfit.maximum(1e-6).mul(scalar("delta")); // δ times the misfit
  return variance.add(1).div(variance).mul(noise).div(reach);
}
