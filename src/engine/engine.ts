import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { TweedieError } from "../errors.ts";
import { writeModelFile } from "../node/model-file.ts";
import { constantBytes } from "../onnx/constant-bytes.ts";
import { encodeModel } from "../onnx/proto.ts";
import { type GraphOptions, layOut, type WrittenGraph } from "../onnx/write.ts";
import { toModelProto } from "../onnx/write-encode.ts";
import type { Tensor } from "../tensor/index.ts";
import { abortable } from "./abort.ts";
import { availableMemory, estimateMemory, refuseIfTooLarge } from "./memory.ts";
import { NodeRuntime } from "./node-runtime.ts";
import { Program } from "./program.ts";
import type { Runtime, Session } from "./runtime.ts";

export interface EngineOptions {
  /** Threads of one operator; default: the cores this process may use. */
  readonly threads?: number;
  /** Aborts whatever runs on this engine. */
  readonly signal?: AbortSignal;
  /** Bytes that a program may need at most; default: what the machine or the container has left. */
  readonly memory?: number;
  /** Weights of more bytes go through a temporary file, which the runtime maps into memory; default: 1 GB. */
  readonly mapAbove?: number;
  /** The inference library; default: onnxruntime-node in a worker thread. */
  readonly runtime?: Runtime;
}

export interface CompileOptions<I extends string, O extends string> {
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly outputs: Readonly<Record<O, Tensor>>;
  /** Outputs computed only in runs that ask for them; they share one copy of the weights with the rest. */
  readonly optional?: readonly NoInfer<O>[];
  readonly signal?: AbortSignal;
}

/** Compiles programs and runs them, one at a time, off the caller's thread. */
export class Engine {
  readonly threads: number;
  readonly #runtime: Runtime;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: number | undefined;
  readonly #mapAbove: number;

  /** Use {@link createEngine}. */
  constructor(runtime: Runtime, threads: number, { signal, memory, mapAbove = 1e9 }: EngineOptions) {
    this.#runtime = runtime;
    this.#signal = signal;
    this.#memory = memory;
    this.#mapAbove = mapAbove;
    this.threads = threads;
  }

  /**
   * Writes the graph as ONNX, loads it and returns the program.
   * @throws out-of-memory when the estimate says that a run cannot fit; invalid-option (see `layOut`); aborted
   */
  async compile<I extends string, O extends string>(options: CompileOptions<I, O>): Promise<Program<I, O>> {
    const graph = layOut({ ...options, contrib: this.#runtime.contrib } satisfies GraphOptions);
    const memory = estimateMemory(graph);
    refuseIfTooLarge(memory, this.#memory ?? availableMemory());
    let loading: Promise<Session> | undefined;
    const load = () => {
      loading = this.#load(graph, options.signal ?? this.#signal);
      return loading;
    };
    try {
      const session = await abortable(load, "compiling", options.signal, this.#signal);
      return new Program<I, O>(graph, session, memory, this.#signal);
    } catch (error) {
      // Loading cannot be interrupted: what it ends with is closed when it comes.
      loading?.then((session) => session.dispose()).catch(() => {});
      throw error;
    }
  }

  /** Ends the engine; waits for the run under way, which cannot be interrupted. */
  async dispose(): Promise<void> {
    await this.#runtime.dispose();
  }

  async #load(graph: WrittenGraph, signal: AbortSignal | undefined): Promise<Session> {
    const options = { threads: this.threads };
    if (constantBytes(graph) <= this.#mapAbove)
      return this.#runtime.createSession(encodeModel(toModelProto(graph)), options);
    const folder = await mkdtemp(join(tmpdir(), "tweedie-"));
    const path = join(folder, "model.onnx");
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      await writeModelFile(path, graph, { externalAbove: this.#mapAbove, signal });
      const session = await this.#runtime.createSession(path, options);
      return { run: session.run, dispose: () => session.dispose().finally(remove) };
    } catch (error) {
      await remove();
      throw error;
    }
  }
}

/** Starts an engine. It does not keep the process alive; dispose of it to give its memory back earlier. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), signal, runtime, memory } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new TweedieError("invalid-option", {
      what: "threads",
      expected: "a whole number from 1 on",
      got: `${threads}`,
    });
  if (memory !== undefined && !(memory > 0))
    throw new TweedieError("invalid-option", { what: "memory", expected: "a number of bytes", got: `${memory}` });
  if (signal?.aborted) throw new TweedieError("aborted", { message: "creating the engine was aborted" });
  return new Engine(runtime ?? new NodeRuntime(), threads, options);
}
