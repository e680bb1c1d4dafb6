import { TweedieError } from "../errors.ts";
import type { Operator } from "../operators/operator.ts";
import type { Solver } from "./solver.ts";

/** What a solver needs and an operator lacks; nothing when they go together. */
export function missingNeed({ needs }: Solver, problem: Operator): string | undefined {
  if (needs.latent && !problem.latent) return "a latent prior (such as --model latent)";
  const operator = needs.latent && problem.latent ? problem.latent.pictures : problem;
  if (needs.identity && operator.name !== "denoise") return "plain denoising";
  if (needs.linear && !operator.linear) return "a linear operator";
  if (needs.svd && !operator.svd) return "an operator with a singular value decomposition";
  if (needs.pseudoInverse && !operator.pseudoInverse) return "an operator with a pseudo-inverse";
  return undefined;
}

/** @throws {TweedieError} invalid-operator: the message says what is missing */
export function checkNeeds<O>(solver: Solver<O>, operator: Operator): void {
  const missing = missingNeed(solver as Solver, operator);
  if (!missing) return;
  throw new TweedieError("invalid-operator", { message: `${solver.name}: expected ${missing}, got ${operator.name}` });
}
