import { TweedieError } from "../errors.ts";
import type { Image, Mask } from "../images/index.ts";
import { estimateNoise } from "../metrics/index.ts";
import type { Task } from "./task.ts";

/** The noise of the damaged picture, as standard deviations on the 0..1 scale. */
export interface NoiseLevel {
  /** What the solver is told. */
  readonly sigma: number;
  /** Where it comes from: the caller, or the picture. */
  readonly source: "given" | "estimated";
  /** What the picture itself shows, when that was asked and can be told. */
  readonly estimate?: number;
}

/**
 * Estimates below this are grain, JPEG blocks and fine texture rather than damage: filling a hole then leaves every known
 * pixel as it is.
 */
export const QUIET = 4 / 255;

/** @throws TweedieError `invalid-option` for a noise level outside 0..1 */
export function noiseLevel(task: Task, image: Image, given: number | undefined, mask: Mask | undefined): NoiseLevel {
  if (given !== undefined) {
    if (!(given >= 0 && given <= 1)) {
      const expected = "a standard deviation from 0 to 1 (the picture's black is 0, its white 1)";
      throw new TweedieError("invalid-option", { what: "noise", expected, got: String(given) });
    }
    return { sigma: given, source: "given" };
  }
  const estimate = estimateAround(image, task, mask);
  if (estimate === undefined) return { sigma: 0, source: "estimated" };
  const sigma = task.name === "inpaint" && estimate < QUIET ? 0 : estimate;
  return { sigma, source: "estimated", estimate };
}

/** Undefined where holes leave nothing to measure noise on. */
function estimateAround(image: Image, task: Task, mask: Mask | undefined): number | undefined {
  const attempt = (method: "patches" | "wavelet"): number | undefined => {
    try {
      return estimateNoise(image, { mask, method });
    } catch (error) {
      const cannotTell = error instanceof TweedieError && error.code === "numerical-failure";
      if (cannotTell && (method === "patches" || task.name === "inpaint")) return undefined;
      throw error;
    }
  };
  return attempt("patches") ?? attempt("wavelet");
}
