export { type Counts, noCounts, sumCounts } from "./counts.ts";
export type {
  PreparedSolver,
  PrepareOptions,
  RoundTrip,
  Snapshot,
  SolverStep,
  StepOptions,
} from "./driver.ts";
export { firstGuess, startOf } from "./first-guess.ts";
export { keepKnown } from "./keep-known.ts";
export { missingFor } from "./latent-driver.ts";
export { prepareSolver } from "./prepare.ts";
export { type Problem, type ProblemData, parseOptions, type Setting } from "./problem.ts";
export { checkCompatible, findSolver, listSolvers, type SolverOptions } from "./registry.ts";
export {
  type Progress,
  type RunOptions,
  runToEnd,
  type Solution,
  type SolveOptions,
  solve,
} from "./solve.ts";
export type { Formula, ProblemFacts, Scope, Solver, SolverNeeds, State, Step, StepResult } from "./solver.ts";
