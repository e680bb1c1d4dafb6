import { TweedieError } from "../errors.ts";
import { parametersOf, structureOf } from "../onnx/structure.ts";
import { type GraphOptions, layOut } from "../onnx/write.ts";
import type { Tensor } from "../tensor/index.ts";
import { abortable } from "./abort.ts";
import { type Compiled, ProgramCache } from "./cache.ts";
import { estimateMemory, refuseIfTooLarge } from "./memory.ts";
import { Program } from "./program.ts";
import type { Runtime, Session } from "./runtime.ts";

export interface EngineOptions {
  /** The inference library and its platform. */
  readonly runtime: Runtime;
  /** Threads of one operator; default: the cores this process may use. */
  readonly threads?: number;
  /** Aborts whatever runs on this engine. */
  readonly signal?: AbortSignal;
  /** Bytes that a program may need at most; default: what the machine or the container has left. */
  readonly memory?: number;
  /** Estimated bytes of the programs that are kept for the next graph of their structure; default: 1 GB. */
  readonly cache?: number;
}

export interface CompileOptions<I extends string, O extends string> {
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly outputs: Readonly<Record<O, Tensor>>;
  /** Outputs computed only in runs that ask for them; they share one copy of the weights with the rest. */
  readonly optional?: readonly NoInfer<O>[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compiles programs and runs them, one at a time, off the caller's thread. Programs are kept by their structure: a graph that
 * differs from an earlier one in its parameters alone is ready at once.
 */
export class Engine {
  readonly threads: number;
  readonly #runtime: Runtime;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: number | undefined;
  readonly #cache: ProgramCache;

  /** Use {@link createEngine}. */
  constructor({ runtime, signal, memory, cache = 1e9, threads = runtime.cores }: EngineOptions) {
    this.#runtime = runtime;
    this.#signal = signal;
    this.#memory = memory;
    this.#cache = new ProgramCache(cache);
    this.threads = threads;
  }

  /**
   * Finds the program of a graph's structure, or writes the graph as ONNX and loads it, and binds the graph's parameters to it.
   * @throws {TweedieError} out-of-memory: the estimate says that a run cannot fit; invalid-option: see `layOut`; aborted
   */
  async compile<I extends string, O extends string>(options: CompileOptions<I, O>): Promise<Program<I, O>> {
    const graph = { ...options, contrib: this.#runtime.contrib } satisfies GraphOptions;
    const structure = structureOf(graph);
    const stopped = [options.signal, this.#signal].some((s) => s?.aborted);
    const compiled =
      (stopped ? undefined : this.#cache.take(structure)) ?? (await this.#compile(graph, structure, options.signal));
    return new Program<I, O>(compiled, {
      parameters: parametersOf(options.outputs),
      runtime: this.#runtime,
      signal: this.#signal,
      release: () => this.#cache.release(structure),
    });
  }

  /** Ends the engine; waits for the run under way, which cannot be interrupted. */
  async dispose(): Promise<void> {
    await this.#runtime.dispose();
  }

  async #compile(options: GraphOptions, structure: string, signal: AbortSignal | undefined): Promise<Compiled> {
    const graph = layOut(options);
    const memory = estimateMemory(graph);
    const available = () => this.#memory ?? this.#runtime.availableMemory() ?? Number.POSITIVE_INFINITY;
    if (memory > available()) await this.#cache.clear();
    refuseIfTooLarge(memory, available());
    let loading: Promise<Session> | undefined;
    const load = () => {
      loading = this.#runtime.createSession(graph, { threads: this.threads, signal: signal ?? this.#signal });
      return loading;
    };
    try {
      const session = await abortable(load, "compiling", signal, this.#signal);
      return await this.#cache.add(structure, { graph, session, memory });
    } catch (error) {
      // Loading cannot be interrupted: what it ends with is closed when it comes.
      loading?.then((session) => session.dispose()).catch(() => {});
      throw error;
    }
  }
}

/**
 * Starts an engine on a runtime. It does not keep the process alive; dispose of it to give its memory back earlier.
 * @throws {TweedieError} invalid-option: `threads` is no whole number from 1 on, or `memory` no number of bytes; aborted
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { threads, signal, memory } = options;
  const refuse = (what: string, expected: string, got: number) =>
    new TweedieError("invalid-option", { what, expected, got: `${got}` });
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw refuse("threads", "a whole number from 1 on", threads);
  if (memory !== undefined && !(memory > 0)) throw refuse("memory", "a number of bytes", memory);
  if (signal?.aborted) throw new TweedieError("aborted", { message: "creating the engine was aborted" });
  return new Engine(options);
}
