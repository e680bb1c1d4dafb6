/**
 * RED-Diff — a variational perspective on solving inverse problems with diffusion models
 * (Mardani, Song, Kautz, Vahdat; arXiv 2305.04391; constants from the official code).
 *
 *   μ          the restored picture, optimised by Adam, [N, C, H, W]
 *   x_t = x0 + σ_t ε,  x0 = μ + σ_x0 ε0                    (variance exploding; σ_t = √(1-ᾱ_t)/√ᾱ_t)
 *   ε̂  = (x_t − D(x_t, σ_t))/σ_t                           one network call, no derivative through it
 *   L   = v/2 · mean (y − A(x0))² + w_t · mean ( sg(ε̂ − ε) · x0 ),   w_t = λ f(σ_t)
 *   μ   ← Adam(μ, ∇L),  t descending
 *
 * Both terms are means (over m measurements, over n pixels). `parallel` uses several t in each iteration.
 */
import * as z from "zod";
import { createSchedule, timeAt } from "../diffusion/index.ts";
import { gradient } from "../tensor/index.ts";
import { meanPerSample } from "./per-sample.ts";
import type { Solver, Step } from "./solver.ts";

/** The seven weightings f(σ) of the paper; σ is the inverse signal-to-noise ratio. */
export const weightings = {
  linear: (s: number) => s,
  sqrt: (s: number) => Math.sqrt(s),
  square: (s: number) => s * s,
  log: (s: number) => Math.log1p(s),
  trunc_linear: (s: number) => Math.min(s, 1),
  power2over3: (s: number) => s ** (2 / 3),
  const: () => 1,
} as const;

const options = z.strictObject({
  steps: z.int().min(1).default(1000),
  /** λ: weight of the prior. Official: 0.25; 1 for inpainting with σ_y = 0.1. */
  lambda: z.number().nonnegative().default(0.25),
  /** v: weight of the data. */
  v: z.number().nonnegative().default(1),
  weighting: z.enum(Object.keys(weightings) as [keyof typeof weightings]).default("linear"),
  /** Adam's step size. Official: 0.1 super-resolution, 0.25 inpainting, 0.5 deblurring. */
  lr: z.number().positive().default(0.1),
  /** Final step size as a fraction of lr, reached linearly; 1 keeps it constant (official). */
  lrEnd: z.number().min(0).max(1).default(1),
  sigmaX0: z.number().nonnegative().default(0),
  /** Timesteps used at once in each iteration. */
  parallel: z.int().min(1).default(1),
  /** Noise levels, high to low; timesteps are evenly spaced between them. The defaults are all 1000 of DDPM. */
  sigmaMax: z.number().positive().default(157.407),
  sigmaMin: z.number().positive().default(0.01),
  /** Average the last part of the iterates (0: the last one alone, as official). Removes Adam's jitter. */
  average: z.number().min(0).max(1).default(0),
});

const beta1 = 0.9;
const beta2 = 0.99;
const epsilon = 1e-8;

export const redDiff: Solver<z.output<typeof options>> = {
  name: "red-diff",
  reference: "RED-Diff, Mardani et al., arXiv 2305.04391",
  needs: { vjp: false, linear: false },
  sampler: false,
  options,

  // λ = 0.25 throughout; 1 for inpainting with σ_y = 0.1.
  forTask(task) {
    if (task === "inpaint") return { lr: 0.25, sigmaX0: 1e-4 };
    return ["blur", "nonlinear-blur", "jpeg", "hdr", "phase-retrieval"].includes(task) ? { lr: 0.5 } : {};
  },

  schedule({ steps, lambda, weighting, lr, lrEnd, parallel, sigmaMax, sigmaMin, average }) {
    const ddpm = createSchedule({ type: "linear" });
    const [first, last] = [timeAt(ddpm, sigmaMax), timeAt(ddpm, sigmaMin)];
    const level = (u: number) => ddpm.sigma[Math.round(first + (last - first) * u)];
    const averaged = Math.round(average * steps);
    return Array.from({ length: steps }, (_, i): Step => {
      // Iteration i of `steps` covers [i, i+1)/steps of the way down; `parallel` timesteps divide it evenly.
      const levels = Array.from({ length: parallel }, (_, k) =>
        level((i + k / parallel) / Math.max(1, steps - 1 / parallel)),
      );
      const tail = i - (steps - averaged);
      return {
        kind: "step",
        sigma: levels[0],
        scalars: {
          sigma: levels,
          weight: levels.map((s) => lambda * weightings[weighting](s)),
          rate: lr * (1 + ((lrEnd - 1) * i) / Math.max(1, steps - 1)),
          debias1: 1 - beta1 ** (i + 1),
          debias2: 1 - beta2 ** (i + 1),
          blend: tail < 0 || averaged === 0 ? 1 : 1 / (tail + 1),
        },
      };
    });
  },

  init({ start, shape }) {
    const mu = start.expand(shape);
    return { mu, m: mu.mul(0), v: mu.mul(0), mean: mu };
  },

  steps: ({ v: dataWeight, parallel, sigmaX0 }) => ({
    step(state, { denoise, A, y, scalar, noise }) {
      const { mu } = state;
      const x0 = sigmaX0 > 0 ? mu.add(noise("x0").mul(sigmaX0)) : mu;

      const prior = Array.from({ length: parallel }, (_, k) => {
        const sigma = scalar("sigma", [parallel]).narrow(0, k, 1).squeeze();
        const weight = scalar("weight", [parallel]).narrow(0, k, 1).squeeze();
        const eps = noise(`eps${k}`);
        const xt = x0.stopGradient().add(eps.mul(sigma));
        const epsHat = xt.sub(denoise(xt, sigma)).div(sigma);
        return meanPerSample(epsHat.sub(eps).stopGradient().mul(x0))
          .mul(weight)
          .mul(1 / parallel);
      });

      const data = meanPerSample(y.sub(A(x0)).square()).mul(dataWeight / 2);
      const loss = prior.reduce((sum, term) => sum.add(term), data);
      const [g] = gradient(loss, [mu]);

      const m = state.m.mul(beta1).add(g.mul(1 - beta1));
      const v = state.v.mul(beta2).add(g.square().mul(1 - beta2));
      const direction = m.div(scalar("debias1")).div(v.div(scalar("debias2")).sqrt().add(epsilon));
      const next = mu.sub(direction.mul(scalar("rate")));
      const mean = state.mean.add(next.sub(state.mean).mul(scalar("blend")));
      return { next: { mu: next, m, v, mean }, estimate: mean };
    },
  }),
};
