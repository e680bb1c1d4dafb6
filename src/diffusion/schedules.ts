import { TweedieError } from "../errors.ts";

/** A discrete diffusion as data, as model cards write it. */
export type ScheduleSpec =
  /** DDPM (Ho et al. 2020): betas evenly spaced. */
  | { type: "linear"; steps?: number; betaStart?: number; betaEnd?: number }
  /** Latent diffusion (Rombach et al. 2022): square roots of the betas evenly spaced. */
  | { type: "scaled-linear"; steps?: number; betaStart?: number; betaEnd?: number }
  /** Nichol & Dhariwal 2021, eq. 17; the betas are clipped to [minBeta, maxBeta]. */
  | { type: "cosine"; steps?: number; offset?: number; minBeta?: number; maxBeta?: number }
  /** The products themselves. */
  | { type: "alphas-cumprod"; values: readonly number[] };

/**
 * A discrete variance-preserving diffusion x_t = √ᾱ_t x0 + √(1-ᾱ_t) eps, t = 0 … T-1, and the noise levels
 * sigma_t = √((1-ᾱ_t)/ᾱ_t) of the same process in variance-exploding coordinates x = x_t/√ᾱ_t.
 */
export interface Schedule {
  /** ᾱ_t, falling. */
  readonly alphaBar: Float64Array;
  /** sigma_t, strictly rising. */
  readonly sigma: Float64Array;
}

/** @throws invalid-option unless ᾱ falls strictly within (0, 1). */
export function createSchedule(spec: ScheduleSpec): Schedule {
  const alphaBar = alphasCumprod(spec);
  alphaBar.forEach((a, t) => {
    if (!(a > 0 && a < (t === 0 ? 1 : alphaBar[t - 1])))
      throw new TweedieError("invalid-option", {
        what: `schedule ${spec.type}`,
        expected: "alphaBar falling strictly within (0, 1)",
        got: `${a} at index ${t}`,
      });
  });
  return { alphaBar, sigma: alphaBar.map((a) => Math.sqrt((1 - a) / a)) };
}

function alphasCumprod(spec: ScheduleSpec): Float64Array {
  if (spec.type === "alphas-cumprod") return Float64Array.from(spec.values);
  const { steps = 1000 } = spec;
  if (!Number.isInteger(steps) || steps < 2)
    throw new TweedieError("invalid-option", { what: "schedule", expected: "2 or more steps", got: String(steps) });
  const beta = betas(spec, steps);
  let product = 1;
  return Float64Array.from({ length: steps }, (_, t) => {
    product *= 1 - beta(t);
    return product;
  });
}

function betas(spec: Exclude<ScheduleSpec, { type: "alphas-cumprod" }>, steps: number): (t: number) => number {
  const last = steps - 1;
  switch (spec.type) {
    case "linear": {
      const { betaStart = 1e-4, betaEnd = 0.02 } = spec;
      return (t) => betaStart + (t / last) * (betaEnd - betaStart);
    }
    case "scaled-linear": {
      const { betaStart = 0.00085, betaEnd = 0.012 } = spec;
      const [from, to] = [Math.sqrt(betaStart), Math.sqrt(betaEnd)];
      return (t) => (from + (t / last) * (to - from)) ** 2;
    }
    case "cosine": {
      const { offset = 0.008, minBeta = 0, maxBeta = 0.999 } = spec;
      const f = (i: number) => Math.cos(((i / steps + offset) / (1 + offset)) * (Math.PI / 2)) ** 2;
      return (t) => Math.min(maxBeta, Math.max(minBeta, 1 - f(t + 1) / f(t)));
    }
  }
}

/** Noise level at a fractional time in [0, T-1], linear in log sigma between the trained ones; clamped at both ends. */
export function sigmaAt({ sigma }: Schedule, time: number): number {
  const t = Math.min(Math.max(time, 0), sigma.length - 1);
  const i = Math.min(Math.floor(t), sigma.length - 2);
  return sigma[i] * (sigma[i + 1] / sigma[i]) ** (t - i);
}

/** The fractional time of a noise level: the inverse of {@link sigmaAt}. */
export function timeAt({ sigma }: Schedule, level: number): number {
  const last = sigma.length - 1;
  if (level <= sigma[0]) return 0;
  if (level >= sigma[last]) return last;
  const above = sigma.findIndex((s) => s > level);
  return above - 1 + Math.log(level / sigma[above - 1]) / Math.log(sigma[above] / sigma[above - 1]);
}
