/**
 * OT-ODE — training-free linear image inverses via flows (Pokle, Muckley, Chen, Karrer; arXiv 2310.04432; constants
 * from the implementation beside PnP-Flow). ΠGDM's guidance on the straight paths of flow matching.
 *
 * The paper's path is x_t = t x0 + (1−t) ε, t = 0 noise, t = 1 picture. Here x = x_t/t has noise σ = (1−t)/t, so that a
 * network trained in any way serves: x̂0 = D(x, σ), and an Euler step of the flow is x' = D + (σ'/σ)(x − D).
 *
 *   r² = (1−t)²/((1−t)² + t²) = σ²/(1 + σ²)                       variance of x0 given x, for data of variance 1
 *   g  = Jᵀ Aᵀ(r² AAᵀ + σ_y² I)⁻¹(y − A x̂0),  J = ∂D/∂x           [N, C, H, W]
 *   x̂  = x̂0 + γ_t σ² g                                            v + ((1−t)/t) γ_t ∇ in the paper
 *   x' = x̂ + (σ'/σ)(x − x̂),  t' = t + 1/N, from t0 on
 */
import * as z from "zod";
import { eulerStep } from "../diffusion/index.ts";
import { adjoint } from "../operators/operator.ts";
import { solveGram } from "../operators/solve.ts";
import { constant, vjp } from "../tensor/index.ts";
import type { Solver, Step } from "./solver.ts";

const options = z.strictObject({
  /** N: the grid of [0, 1]; (1 − t0)·N of its steps are taken. */
  steps: z.int().min(1).default(100),
  /** t0, where the path begins. Scripts beside PnP-Flow: 0.3 denoising and deblurring, 0.1 the others. */
  startTime: z.number().gt(0).lt(1).default(0.2),
  /** γ_t: 1, or √(t/(t² + (1−t)²)), which the same scripts take for all but super-resolution and pixels missing at random. */
  gamma: z.enum(["constant", "gamma_t"]).default("constant"),
  /** c: r² = cσ²/(c + σ²). */
  dataVariance: z.number().positive().default(1),
  /** The picture at t0 = 1, to be noised: Aᵀy as in the code, or the classical estimate. */
  from: z.enum(["adjoint", "estimate"]).default("adjoint"),
  /** σ_y is not taken smaller than this. */
  sigmaFloor: z.number().positive().default(1e-3),
  cgSteps: z.int().min(1).default(8),
  clip: z.boolean().default(false),
});

type Options = z.output<typeof options>;

/** σ of the time t. */
const sigmaOf = (t: number) => (1 - t) / t;

/** The times on the grid i/N, from the last one that is not after t0 (the first positive one, at least). */
function times({ steps, startTime }: Options): number[] {
  const first = Math.min(steps - 1, Math.max(1, Math.floor(steps * startTime + 1e-9)));
  return Array.from({ length: Math.max(1, steps - first) }, (_, i) => (steps === 1 ? startTime : (first + i) / steps));
}

export const otOde: Solver<Options> = {
  name: "ot-ode",
  reference: "OT-ODE, Pokle et al., arXiv 2310.04432",
  needs: { vjp: true, linear: true },
  sampler: true,
  options,

  forTask(task) {
    const settings: Record<string, Record<string, unknown>> = {
      denoise: { startTime: 0.3, gamma: "gamma_t" },
      blur: { startTime: 0.3, gamma: "gamma_t" },
      inpaint: { startTime: 0.1, gamma: "gamma_t" },
      "super-resolution": { startTime: 0.1 },
    };
    return settings[task] ?? {};
  },

  schedule(o) {
    const grid = times(o);
    return grid.map((t, i): Step => {
      const gain = o.gamma === "constant" ? 1 : Math.sqrt(t / (t ** 2 + (1 - t) ** 2));
      const next = i + 1 < grid.length ? sigmaOf(grid[i + 1]) : 0;
      return { kind: "step", sigma: sigmaOf(t), scalars: { sigma: sigmaOf(t), next, gain } };
    });
  },

  init({ operator, y, start, noise, shape }, o) {
    const picture = o.from === "adjoint" ? adjoint(operator, y) : start;
    return { x: picture.expand(shape).add(noise("start").mul(sigmaOf(times(o)[0]))) };
  },

  steps: (o) => ({
    step({ x }, { denoise, operator, A, y, scalar, ...scope }) {
      const sigma = scalar("sigma");
      const mean = denoise(x, sigma);
      const x0 = o.clip ? mean.clip(-1, 1) : mean;
      const sigmaY = scope.sigmaY.maximum(o.sigmaFloor);
      const c = constant(o.dataVariance, [], x.dtype);
      // σ²(r² AAᵀ + σ_y²)⁻¹ = (σ²/r²)(AAᵀ + σ_y²/r²)⁻¹
      const r2 = sigma.square().mul(c).div(sigma.square().add(c));
      const lambda = sigmaY.square().div(r2);
      const u = adjoint(operator, solveGram(operator, y.sub(A(x0)), lambda, o.cgSteps));
      const [g] = vjp([x0], [x], [u]);
      const guided = x0.add(g.mul(sigma.square().div(r2).mul(scalar("gain"))));
      return { next: { x: eulerStep(x, guided, sigma, scalar("next")) }, estimate: guided };
    },
  }),
};
