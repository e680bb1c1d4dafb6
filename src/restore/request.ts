import type { Engine } from "../engine/index.ts";
import type { NoiseModel, PictureSize } from "../operators/index.ts";
import type { Image } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import type { Preset } from "../settings/index.ts";
import type { Solver, SolverOptions } from "../solvers/index.ts";
import type { Planes } from "./planes.ts";
import type { RestoreProgress } from "./progress.ts";
import type { PictureRange } from "./range.ts";
import type { TaskInput } from "./task.ts";

/** What every run on an engine can be told. */
export interface RunRequest {
  readonly prior: Prior;
  readonly engine: Engine;
  /** The same seed gives the same images. */
  readonly seed?: number;
  /** How many results to draw. */
  readonly samples?: number;
  /** Stops after the step under way; what there is by then is returned with `stopped: true`. */
  readonly signal?: AbortSignal | undefined;
  /** Stops after this many steps in all, as a signal would. */
  readonly stopAfter?: number | undefined;
}

/** The name of a solver, or a solver of one's own. */
// biome-ignore lint/suspicious/noExplicitAny: a solver takes its own options alone, whatever they are
export type SolverName = keyof SolverOptions | Solver<any>;

/** The options that a solver takes; those of all solvers where it is not known which one it will be. */
export type OptionsFor<S extends SolverName> = S extends keyof SolverOptions
  ? SolverOptions[S]
  : S extends Solver<infer O>
    ? Partial<O>
    : never;

/** Without a solver named, the options may be those of any that the settings choose. */
export interface RestoreRequest<S extends SolverName = keyof SolverOptions> extends RunRequest {
  /** The damaged image; or give `measurement`. */
  readonly image?: Image | undefined;
  /** The numbers of a measurement as its operator gives them: unclipped, and of any shape. */
  readonly measurement?: Planes | undefined;
  /** What black and white are in the picture behind `measurement`; by default -1 and 1. */
  readonly range?: PictureRange | undefined;
  /** Size of the result, for measurements that do not tell it (compressed sensing). */
  readonly size?: PictureSize | undefined;
  /** What is wrong with it. */
  readonly task: TaskInput;
  /**
   * Standard deviation of its noise on the 0..1 scale, or what kind of noise it is: Poisson noise is taken for Gaussian noise
   * of the same strength; salt and pepper is found and filled in. By default estimated from the image; 0 for a measurement
   * that is no image.
   */
  readonly noise?: number | NoiseModel | undefined;
  /**
   * Inpainting: known pixels come out as they came, noise and all, instead of denoised with the rest. Without noise they do
   * anyway.
   */
  readonly keepKnown?: boolean | undefined;
  /** A solver, or the name of one; by default what the settings choose for the operator. */
  readonly solver?: S | undefined;
  readonly preset?: Preset | undefined;
  /** Options of the solver, over those of the preset. */
  readonly options?: OptionsFor<S> | undefined;
  /** Larger images are restored in overlapping tiles of this side, in pixels. */
  readonly tileSize?: number | undefined;
}

/** What {@link restore} is given: a request, and whom to tell of the steps. */
export interface RestoreCall<S extends SolverName = keyof SolverOptions> extends RestoreRequest<S> {
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}
