export { type CompileOptions, createEngine, type Engine, type EngineOptions } from "./engine.ts";
export type { Fed, Program, ProgramCounts, RunOptions } from "./program.ts";
export type { Runtime, Session, SessionOptions, Value } from "./runtime.ts";
