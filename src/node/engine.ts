import { createEngine as createCoreEngine, type Engine, type EngineOptions } from "../engine/index.ts";
import { NodeRuntime, type NodeRuntimeOptions } from "./runtime.ts";

/** {@link EngineOptions}, whose runtime is by default onnxruntime-node in a worker thread. */
export type NodeEngineOptions = Partial<EngineOptions> & NodeRuntimeOptions;

/**
 * Starts an engine. It does not keep the process alive; dispose of it to give its memory back earlier.
 * @throws {TweedieError} invalid-option: `threads` is no whole number from 1 on, or `memory` no number of bytes; aborted
 */
export async function createEngine({ mapAbove, runtime, ...options }: NodeEngineOptions = {}): Promise<Engine> {
  return createCoreEngine({ ...options, runtime: runtime ?? new NodeRuntime({ mapAbove }) });
}
