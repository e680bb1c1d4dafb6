import { TweedieError } from "../errors.ts";
import { estimateNoise } from "../metrics/index.ts";
import { equivalentSigma, type NoiseModel, parseNoiseModel } from "../operators/index.ts";
import { type Image, type Mask, toModel } from "../pictures/index.ts";
import type { Planes } from "./planes.ts";
import type { Task } from "./task.ts";
import { visiblePixels } from "./visible.ts";

/** The noise of the damaged picture, as standard deviations on the 0..1 scale. */
export interface NoiseLevel {
  /** What the solver is told. */
  readonly sigma: number;
  /** Where it comes from: the caller, or the picture. */
  readonly source: "given" | "estimated";
  /** What the picture itself shows, when that was asked and can be told. */
  readonly estimate?: number;
  /** The kind of noise, when it was given as one that is not Gaussian: `sigma` is then what comes closest. */
  readonly model?: NoiseModel;
}

/**
 * A noise level as it was given: Poisson noise as Gaussian noise of the same strength on the whole; salt and pepper as
 * none, because its values are taken out of the data instead.
 * @throws TweedieError `invalid-option` for a noise level outside 0..1
 */
export function givenNoise(given: number | NoiseModel, measurement: ArrayLike<number>): NoiseLevel {
  const model = parseNoiseModel(given);
  const sigma = equivalentSigma(model, measurement);
  return { sigma, source: "given", ...(model.kind === "gaussian" ? {} : { model }) };
}

/**
 * Estimates below this are grain, JPEG blocks and fine texture rather than damage: filling a hole then leaves every known
 * pixel as it is.
 */
export const QUIET = 4 / 255;

/** What the noise of a request is found from. */
interface Noisy {
  readonly task: Task;
  /** The measurement on the [-1, 1] scale, `gain` times as bright as it came. */
  readonly planes: Planes;
  readonly gain: number;
  /** The measurement as the image that came, if it is one. */
  readonly image: Image | undefined;
  readonly given: number | NoiseModel | undefined;
  readonly mask: Mask | undefined;
}

/** @throws TweedieError `invalid-option` for a noise level outside 0..1 */
export function noiseLevel({ task, planes, gain, image, given, mask }: Noisy): NoiseLevel {
  if (given !== undefined) return givenNoise(given, gain === 1 || !image ? planes.data : toModel(image));
  // What other operators leave behind (blocks, steps, clipped parts) would be taken for noise.
  if (task.name === "operator" || !image) return { sigma: 0, source: "estimated" };
  const estimate = estimateAround(image, task, mask);
  if (estimate === undefined) return { sigma: 0, source: "estimated" };
  const sigma = task.name === "inpaint" && estimate < QUIET / gain ? 0 : estimate;
  return { sigma, source: "estimated", estimate };
}

/** Undefined where holes leave nothing to measure noise on. */
function estimateAround(image: Image, task: Task, holes: Mask | undefined): number | undefined {
  const visible = visiblePixels(image);
  const known = visible && holes ? holes.known.map((v, i) => v & visible[i]) : (visible ?? holes?.known);
  const mask = known && { known };
  const attempt = (method: "patches" | "wavelet"): number | undefined => {
    try {
      return estimateNoise(image, { mask, method });
    } catch (error) {
      const cannotTell = error instanceof TweedieError && error.code === "numerical-failure";
      if (cannotTell && (method === "patches" || visible || task.name === "inpaint")) return undefined;
      throw error;
    }
  };
  return attempt("patches") ?? attempt("wavelet");
}
