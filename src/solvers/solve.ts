import { TweedieError } from "../errors.ts";
import type { Shape } from "../tensor/index.ts";
import type { Counts } from "./counts.ts";
import type { PreparedSolver, PrepareOptions, RoundTrip, SolverStep, StepOptions } from "./driver.ts";
import { prepareSolver } from "./prepare.ts";
import { checkData, type Problem, type ProblemData, parseOptions } from "./problem.ts";

export interface RunOptions extends StepOptions {
  /** Stops after the step under way; the best images so far are returned with `stopped: true`. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export type SolveOptions<O> = PrepareOptions<O> & RunOptions;

export interface Progress {
  /** Steps done, of how many. */
  readonly step: number;
  readonly steps: number;
  /** Noise level of the step, on the [-1, 1] scale. */
  readonly sigma: number;
  /** ‖y − A(estimate)‖₂, of the first sample. */
  readonly residual: number;
  /** σ_y√m: what the residual of the true image would be. */
  readonly expectedResidual: number;
  /** Since the start, compiling included. */
  readonly seconds: number;
  /** Until the end, from the pace so far. */
  readonly secondsLeft: number;
}

export interface Solution {
  /** The images, flat: samples × domain. */
  readonly pictures: Float32Array;
  readonly shape: Shape;
  readonly residuals: readonly number[];
  readonly expectedResidual: number;
  readonly counts: Counts;
  readonly steps: number;
  readonly seconds: number;
  /** The part of `seconds` that compiling took; 0 where the program was there already. */
  readonly compileSeconds: number;
  /** The part of `seconds` in which the engine computed steps. */
  readonly engineSeconds: number;
  readonly stopped: boolean;
  /** Latent priors: what the autoencoder's round trip does to the initial estimate. */
  readonly roundTrip?: RoundTrip | undefined;
}

/**
 * Runs a solver to its end: {@link prepareSolver} and its steps in one call. The result is the solver's own; see
 * {@link keepKnown} for pixels that were measured without noise.
 * @throws {TweedieError} invalid-option: an option that the solver does not know; aborted: stopped before the first step was
 *   done; numerical-failure: the iteration leaves the finite numbers
 */
export async function solve<O>(problem: Problem, request: SolveOptions<O>): Promise<Solution> {
  parseOptions(request.solver, request.options ?? {});
  checkData(problem, problem.operator);
  const prepared = await prepareSolver(problem, request);
  const { compileSeconds } = prepared;
  const onProgress =
    request.onProgress && ((p: Progress) => request.onProgress?.({ ...p, seconds: p.seconds + compileSeconds }));
  try {
    const solution = await runToEnd(prepared, problem, { ...request, onProgress });
    return { ...solution, seconds: solution.seconds + compileSeconds, compileSeconds };
  } finally {
    await prepared.dispose();
  }
}

/**
 * Walks all steps of a prepared solver.
 * @throws {TweedieError} aborted: stopped before the first step was done; numerical-failure
 */
export async function runToEnd(
  prepared: PreparedSolver,
  data: ProblemData,
  { onProgress, signal, ...options }: RunOptions = {},
): Promise<Solution> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const first = options.from?.index ?? 0;
  let last: SolverStep | undefined;
  let pictures: Float32Array | undefined;
  if (!signal?.aborted)
    for await (const step of prepared.steps(data, options)) {
      last = step;
      const { index, steps, sigma, residuals, expectedResidual } = step;
      const secondsLeft = (seconds() / (index - first)) * (steps - index);
      onProgress?.({
        step: index,
        steps,
        sigma,
        residual: residuals[0],
        expectedResidual,
        seconds: seconds(),
        secondsLeft,
      });
      if (index < steps && !signal?.aborted) continue;
      pictures = await step.estimate();
      break;
    }
  if (!last || !pictures) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
  const { index, steps, residuals, expectedResidual, counts, engineSeconds, roundTrip } = last;
  return {
    pictures,
    shape: prepared.shape,
    residuals,
    expectedResidual,
    counts,
    steps: index,
    seconds: seconds(),
    compileSeconds: 0,
    engineSeconds,
    stopped: index < steps,
    roundTrip,
  };
}
