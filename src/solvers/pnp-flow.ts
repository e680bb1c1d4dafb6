/**
 * PnP-Flow — Plug-and-Play image restoration with flow matching (Martin, Gagneux, Hagemann, Steidl; arXiv 2410.02423;
 * constants from the official code). No derivative through the network.
 *
 * t runs from 0 (noise) to 1 (picture) on the straight path x_t = t x0 + (1−t) ε:
 *
 *   z  = x − γ_t ∇½‖y − A(x)‖²,  γ_t = lr (1−t)^α            (the code's σ_y² in lr and 1/σ_y² in the gradient cancel)
 *   z̃  = t z + (1−t) ε                                        put back on the path
 *   x' = mean over ε of z̃ + (1−t) v(z̃, t) = mean over ε of D(z + σ ε, σ),  σ = (1−t)/t
 *
 * The last form holds for any denoiser; at t = 0, where σ is infinite, the highest level stands in for it, and what x was
 * before no longer matters. The steps are divided by ‖A‖², which is 1 for the paper's operators: elsewhere lr = 1 would stand
 * still (block means) or diverge.
 */
import * as z from "zod";
import { gradient } from "../tensor/index.ts";
import type { Solver, Step } from "./solver.ts";

const options = z.strictObject({
  /** N: steps of 1/N in t. */
  steps: z.int().min(1).default(100),
  /** Noises that each step averages over. */
  average: z.int().min(1).default(5),
  lr: z.number().positive().default(1),
  /**
   * α: how fast the data steps shrink. Scripts of the official code: 0.8 denoising, 0.01 deblurring and pixels missing at
   * random, 0.3 super-resolution, 0.5 box.
   */
  alpha: z.number().nonnegative().default(1),
  /** t of the first step; above 0 the classical estimate is where it starts. */
  startTime: z.number().min(0).lt(1).default(0),
  /** The level that stands for t = 0. */
  sigmaMax: z.number().positive().default(80),
  clip: z.boolean().default(false),
});

export const pnpFlow: Solver<z.output<typeof options>> = {
  name: "pnp-flow",
  reference: "PnP-Flow, Martin et al., arXiv 2410.02423",
  needs: { vjp: false, linear: false },
  sampler: false,
  options,

  forTask(task) {
    const alpha: Record<string, number> = { denoise: 0.8, blur: 0.01, "super-resolution": 0.3, inpaint: 0.5 };
    return task in alpha ? { alpha: alpha[task] } : {};
  },

  schedule({ steps, average, lr, alpha, startTime, sigmaMax }, { operator }) {
    const first = Math.min(steps - 1, Math.floor(steps * startTime + 1e-9));
    return Array.from({ length: steps - first }, (_, i) => (first + i) / steps).flatMap((t) => {
      const sigma = t > 0 ? Math.min(sigmaMax, (1 - t) / t) : sigmaMax;
      const rate = (lr * (1 - t) ** alpha) / operator.normSquared;
      return Array.from({ length: average }, (_, k): Step => {
        return { kind: k === 0 ? "first" : "again", sigma, scalars: { sigma, rate, blend: 1 / (k + 1) } };
      });
    });
  },

  init({ start, shape }) {
    return { x: start.expand(shape), z: start.expand(shape) };
  },

  steps({ clip }) {
    return {
      first({ x }, { A, y, denoise, scalar, noise }) {
        const misfit = y.sub(A(x)).square().sum().mul(0.5);
        const [g] = gradient(misfit, [x]);
        const z = x.sub(g.mul(scalar("rate")));
        const sigma = scalar("sigma");
        const mean = denoise(z.add(noise("eps").mul(sigma)), sigma);
        const d = clip ? mean.clip(-1, 1) : mean;
        return { next: { x: d, z }, estimate: d };
      },
      again({ x, z }, { denoise, scalar, noise }) {
        const sigma = scalar("sigma");
        const mean = denoise(z.add(noise("eps").mul(sigma)), sigma);
        const d = clip ? mean.clip(-1, 1) : mean;
        const average = x.add(d.sub(x).mul(scalar("blend")));
        return { next: { x: average, z }, estimate: average };
      },
    };
  },
};
