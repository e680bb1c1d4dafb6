import * as z from "zod";
import { createSchedule, ddimStep, karrasSigmas, renoiseStep, sigmaAt, timeAt } from "../diffusion/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Step } from "./solver.ts";

const grids = ["ddpm", "ldm", "karras"] as const;
type Grid = (typeof grids)[number];

/** Options of a solver that walks down a list of noise levels once. */
export const levelOptions = (steps: number, grid: Grid = "ddpm") => ({
  /** Number of noise levels above zero. */
  steps: z.int().min(1).default(steps),
  /**
   * `ddpm`: evenly spaced timesteps of DDPM's 1000, as the official codes; `ldm`: of those of latent diffusion (Stable Diffusion;
   * σ from 14.6 to 0.029); `karras`: evenly spaced in σ^(1/ρ).
   */
  grid: z.enum(grids).default(grid),
  /** Highest and lowest level; the defaults are those of DDPM. */
  sigmaMax: z.number().positive().default(157.407),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
});

export interface LevelOptions {
  readonly steps: number;
  readonly grid: Grid;
  readonly sigmaMax: number;
  readonly sigmaMin: number;
  readonly rho: number;
}

/**
 * `steps` noise levels, high to low, then 0. With DDPM's own bounds the timesteps are those of DDIM, DDRM and DDNM:
 * (steps − 1)·skip, …, skip, 0 with skip = ⌊1000/steps⌋.
 */
export function noiseLevels({ steps, grid, sigmaMax, sigmaMin, rho }: LevelOptions): number[] {
  if (grid === "karras") return [...karrasSigmas({ steps, min: sigmaMin, max: sigmaMax, rho })];
  const ddpm = createSchedule({ type: grid === "ldm" ? "scaled-linear" : "linear" });
  const length = ddpm.sigma.length;
  const first = Math.min(timeAt(ddpm, sigmaMax), (steps - 1) * Math.max(1, Math.floor(length / steps)));
  const last = Math.min(timeAt(ddpm, sigmaMin), first);
  const level = (i: number) => sigmaAt(ddpm, first + ((last - first) * i) / Math.max(1, steps - 1));
  return [...Array.from({ length: steps }, (_, i) => level(i)), 0];
}

/** One step of the kind `step` from each level to the next, with the scalars `sigma` and `next`. */
export function descend(levels: readonly number[]): Step[] {
  return levels.slice(0, -1).map((sigma, i) => ({ kind: "step", sigma, scalars: { sigma, next: levels[i + 1] } }));
}

/** Options of the step from one level to the next. */
export const reverseOptions = (eta: number) => ({
  /** `ddim`; or `renoise`: the clean estimate with fresh noise alone, which forgets what was invented and stays near the mean. */
  reverse: z.enum(["ddim", "renoise"]).default("ddim"),
  /** DDIM's η: 1 is ancestral sampling, 0 the probability-flow ODE. */
  eta: z.number().min(0).max(1).default(eta),
});

/** The unconditional step x → x', from σ to σ', around a clean estimate. */
export function reverseStep(
  { reverse, eta }: { readonly reverse: "ddim" | "renoise"; readonly eta: number },
  x: Tensor,
  denoised: Tensor,
  [sigma, next]: readonly [Tensor, Tensor],
  noise: Tensor,
): Tensor {
  return reverse === "renoise"
    ? renoiseStep(x, denoised, sigma, next, noise, 1)
    : ddimStep(x, denoised, sigma, next, noise, eta);
}
