export { parseOptions } from "./check.ts";
export { type Counts, noCounts, sumCounts } from "./counts.ts";
export { type Choice, type Preset, presetFor } from "./presets/index.ts";
export { findSolver, listSolvers } from "./registry.ts";
export {
  type PreparedSolver,
  type PrepareOptions,
  type Problem,
  type Progress,
  prepareSolver,
  type RunOptions,
  type Setting,
  type Solution,
  type SolveOptions,
  solve,
} from "./solve.ts";
export type { Formula, ProblemFacts, Scope, Solver, SolverNeeds, State, Step, StepResult } from "./solver.ts";
