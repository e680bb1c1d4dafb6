import { TweedieError } from "../errors.ts";
import { type Schedule, sigmaAt } from "./schedules.ts";

export interface SigmaGrid {
  /** Number of positive noise levels. */
  readonly steps: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Karras et al. 2022, eq. 5: `steps` levels from max down to min, evenly spaced in sigma^(1/rho), then 0.
 * @param rho 7 in the paper; larger puts more levels at small sigma
 */
export function karrasSigmas({ steps, min, max, rho = 7 }: SigmaGrid & { readonly rho?: number }): Float64Array {
  checkGrid({ steps, min, max });
  if (!(rho > 0)) throw new TweedieError("invalid-option", { what: "rho", expected: "above 0", got: String(rho) });
  const [from, to] = [max ** (1 / rho), min ** (1 / rho)];
  return withZero(steps, max, min, (u) => (from + u * (to - from)) ** rho);
}

/** `steps` levels from max down to min, evenly spaced in log sigma, then 0. */
export function logUniformSigmas({ steps, min, max }: SigmaGrid): Float64Array {
  checkGrid({ steps, min, max });
  return withZero(steps, max, min, (u) => max * (min / max) ** u);
}

/** `steps` levels of a discrete schedule at evenly spaced times, the noisiest and the cleanest included, then 0. */
export function scheduleSigmas(schedule: Schedule, steps: number): Float64Array {
  const last = schedule.sigma.length - 1;
  checkGrid({ steps, min: schedule.sigma[0], max: schedule.sigma[last] });
  return withZero(steps, schedule.sigma[last], schedule.sigma[0], (u) => sigmaAt(schedule, last * (1 - u)));
}

/** The two ends are exact; a single level is the largest. */
function withZero(steps: number, max: number, min: number, level: (u: number) => number): Float64Array {
  return Float64Array.from({ length: steps + 1 }, (_, i) => {
    if (i === steps) return 0;
    if (i === 0) return max;
    return i === steps - 1 ? min : level(i / (steps - 1));
  });
}

function checkGrid({ steps, min, max }: SigmaGrid): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new TweedieError("invalid-option", { what: "steps", expected: "a whole number ≥ 1", got: String(steps) });
  if (!(min > 0 && min <= max && Number.isFinite(max)))
    throw new TweedieError("invalid-option", {
      what: "sigma range",
      expected: "0 < min ≤ max",
      got: `min ${min}, max ${max}`,
    });
}
