import { compileSolver, type PreparedSolver, type PrepareOptions } from "./driver.ts";
import { compileLatentSolver } from "./latent-driver.ts";
import type { Setting } from "./problem.ts";

/**
 * Compiles a solver, to be run on many measurements. Settings that differ in data alone (masks, kernels, σ_y, prompts) share one
 * compiled program. Dispose of it when it is no longer used; the engine keeps the program for the next.
 * @throws {TweedieError} invalid-option: names an option that is wrong; invalid-operator: the solver needs what the operator
 *   lacks; out-of-memory; aborted
 */
export function prepareSolver<O>(setting: Setting, request: PrepareOptions<O>): Promise<PreparedSolver> {
  return setting.prior.latent ? compileLatentSolver(setting, request) : compileSolver(setting, request);
}
