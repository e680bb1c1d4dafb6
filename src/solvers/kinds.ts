import type { Engine, Program } from "../engine/index.ts";
import { ancestors, type ConstantAttrs, constantOp, type Op, type Tensor, type TypedArray } from "../tensor/index.ts";
import { type FormulatedSolver, outputName } from "./formulate.ts";

/** Up to so many bytes of weights, each kind of step gets a program, and a copy of the weights, of its own. */
const SMALL = 200e6;

/** The programs of a solver's kinds of steps. */
export interface KindPrograms {
  readonly of: (kind: string) => Program;
  /** Estimated peak memory of a run, in bytes. */
  readonly memory: number;
  dispose(): Promise<void>;
}

/** The outputs of a kind of step; the residual, which the host always reads, is the last. */
export const outputsOf = (kind: string, stateNames: readonly string[]): string[] =>
  [...stateNames.map((name) => `next.${name}`), "estimate", "residual"].map((value) => outputName(kind, value));

/**
 * Compiles a program for each kind of step. One program for all would share the network's evaluation between branches that hand
 * over every activation: ONNX Runtime then leaves its blocked layout at each of them, and a step takes up to a sixth longer.
 * Weights that are large are not copied: their kinds share one program.
 * @param small bytes of weights that are worth a copy
 */
export async function compileKinds(
  { steps, kinds, stateNames }: FormulatedSolver,
  engine: Engine,
  signal: AbortSignal | undefined,
  small = SMALL,
): Promise<KindPrograms> {
  const shared = kinds.length > 1 && constantBytes(steps.outputs) > small;
  if (shared) {
    const program = await engine.compile({ ...steps, optional: Object.keys(steps.outputs), signal });
    return { of: () => program, memory: program.memory, dispose: () => program.dispose() };
  }
  const programs = new Map<string, Program>();
  const dispose = async () => {
    await Promise.all([...programs.values()].map((program) => program.dispose()));
  };
  try {
    for (const kind of kinds) {
      const outputs = Object.fromEntries(outputsOf(kind, stateNames).map((name) => [name, steps.outputs[name]]));
      const used = new Set(ancestors(Object.values(outputs)));
      const inputs = Object.fromEntries(Object.entries(steps.inputs).filter(([, tensor]) => used.has(tensor)));
      programs.set(kind, await engine.compile({ inputs, outputs, signal }));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  const memory = [...programs.values()].reduce((most, program) => Math.max(most, program.memory), 0);
  return { of: (kind) => programs.get(kind) as Program, memory, dispose };
}

/** Bytes of the constants that outputs depend on, each array once. */
function constantBytes(outputs: Readonly<Record<string, Tensor>>): number {
  const arrays = new Set<TypedArray>();
  for (const x of ancestors(Object.values(outputs)))
    if (x.op === (constantOp as Op)) arrays.add((x.attrs as ConstantAttrs).data);
  return [...arrays].reduce((n, data) => n + data.byteLength, 0);
}
