export { type CompileOptions, createEngine, type Engine, type EngineOptions } from "./engine.ts";
export type { Fed, Program, ProgramCounts, RunOptions } from "./program.ts";
export { HostValue, type Runtime, type Session, type SessionOptions, type Value } from "./runtime.ts";
