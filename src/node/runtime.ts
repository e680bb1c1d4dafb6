import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { HostValue, type Runtime, type Session, type SessionOptions, type Value } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { encodeModel } from "../onnx/proto.ts";
import type { WrittenGraph } from "../onnx/write.ts";
import { toModelProto } from "../onnx/write-encode.ts";
import type { DType, TypedArray } from "../tensor/index.ts";
import { availableMemory } from "./memory.ts";
import type { Call, Reply, WireData, WireFeed, WireValue, WorkerData } from "./messages.ts";
import { writeModelFile } from "./model-file.ts";

type Omitted<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  resolve(values: readonly WireValue[]): void;
  reject(error: Error): void;
}

export interface NodeRuntimeOptions {
  /** Weights of more bytes go through a temporary file, which ONNX Runtime maps into memory; default: 1 GB. */
  readonly mapAbove?: number;
}

/** onnxruntime-node in a worker thread. The thread keeps the process alive only while a call is under way. */
export class NodeRuntime implements Runtime {
  readonly contrib = true;
  readonly cores = availableParallelism();
  readonly #mapAbove: number;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL("./worker.mjs", import.meta.url), {
    execArgv: [],
    workerData: { stop: this.#stop } satisfies WorkerData,
  });
  readonly #waiting = new Map<number, Waiting>();
  #nextCall = 0;
  #nextSession = 0;
  #nextValue = 0;
  #dead: TweedieError | undefined;
  #idle: (() => void) | undefined;
  #ending: Promise<void> | undefined;

  constructor({ mapAbove = 1e9 }: NodeRuntimeOptions = {}) {
    this.#mapAbove = mapAbove;
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#die(cause));
    this.#worker.on("exit", () => this.#die(undefined));
  }

  availableMemory(): number {
    return availableMemory();
  }

  async createSession(graph: WrittenGraph, options: SessionOptions): Promise<Session> {
    if (graph.constants.bytes() <= this.#mapAbove) return this.#load(encodeModel(toModelProto(graph)), options);
    const folder = await mkdtemp(join(tmpdir(), "tweedie-"));
    const path = join(folder, "model.onnx");
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      await writeModelFile(path, graph, { externalAbove: this.#mapAbove, signal: options.signal });
      const session = await this.#load(path, options);
      return { run: session.run, dispose: () => session.dispose().finally(remove) };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async #load(model: Uint8Array<ArrayBuffer> | string, options: SessionOptions): Promise<Session> {
    const session = this.#nextSession++;
    const transfer = typeof model === "string" ? [] : [model.buffer];
    await this.#call({ kind: "create", session, model, options: ortOptions(options) }, transfer);
    let closed = false;
    return {
      run: async (feeds, outputs, keep = []) => {
        if (closed) throw new TweedieError("invalid-option", { message: "the program is disposed" });
        const wire = Object.entries(feeds).map(([name, value]): WireFeed => ({ name, ...toWire(value) }));
        const wanted = outputs.map((name) => (keep.includes(name) ? { name, keep: this.#nextValue++ } : { name }));
        const values = await this.#call({ kind: "run", session, feeds: wire, outputs: wanted }, buffersOf(wire));
        return Object.fromEntries(values.map((v) => [v.name, this.#fromWire(v)]));
      },
      dispose: async () => {
        if (closed || this.#dead) return;
        closed = true;
        await this.#call({ kind: "close", session });
      },
    };
  }

  async hold(value: HostValue): Promise<Value> {
    const held = this.#nextValue++;
    const wire: WireFeed = { name: "", ...toWire(value) };
    await this.#call({ kind: "hold", held, value: wire }, buffersOf([wire]));
    return this.#held(held, value);
  }

  /** Ends the thread. A call under way ends first: a thread that is stopped inside ONNX Runtime takes the process with it. */
  dispose(): Promise<void> {
    this.#dead ??= new TweedieError("aborted", { message: "the engine is disposed" });
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #fromWire(wire: WireValue): Value {
    const { type, shape } = wire;
    if ("held" in wire) return this.#held(wire.held, { shape, dtype: type as DType });
    return new HostValue(elementsOf(wire), shape, type as DType);
  }

  #held(held: number, { shape, dtype }: Pick<Value, "shape" | "dtype">): Held {
    return {
      held,
      shape,
      dtype,
      location: "runtime",
      read: async () => {
        const [value] = await this.#call({ kind: "read", held });
        return elementsOf(value as WireValue & { data: TypedArray });
      },
      dispose: () => {
        if (!this.#dead) this.#worker.postMessage({ kind: "drop", held } satisfies Call);
      },
    };
  }

  async #end(): Promise<void> {
    Atomics.store(this.#stop, 0, 1); // a message would be read behind the calls that are to be refused
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#worker.terminate();
  }

  #call(call: Omitted<Exclude<Call, { kind: "drop" }>>, transfer: ArrayBuffer[] = []): Promise<readonly WireValue[]> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#nextCall++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...call, id }, transfer);
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) {
      this.#worker.unref();
      this.#idle?.();
    }
    if ("error" in reply) waiting?.reject(this.#dead ?? fromOrt(reply.error));
    else waiting?.resolve(reply.values);
  }

  #die(cause: unknown): void {
    this.#dead ??= new TweedieError("internal", {
      message: `the thread of ONNX Runtime ended${cause instanceof Error ? `: ${cause.message}` : ""}`,
      cause,
    });
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
    this.#idle?.();
  }
}

/**
 * The session options that won the measurements. Threads spin while they wait for work within a run (a 64 px network takes
 * 1.4 times as long without) and stop when it ends, so that several programs do not steal each other's cores.
 */
function ortOptions({ threads }: SessionOptions) {
  return {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false, // the default took almost twice the memory for a gradient, at the same speed
    logSeverityLevel: 4,
    extra: { session: { force_spinning_stop: "1", intra_op: { allow_spinning: "1" } } },
  } as const;
}

/** A value that the worker holds, with its number there. */
interface Held extends Value {
  readonly held: number;
}

function toWire(value: Value): WireData | { readonly held: number } {
  if (value.location === "runtime") return { held: (value as Held).held };
  const { data, dtype, shape } = value as HostValue;
  return { type: dtype, data, shape };
}

const buffersOf = (feeds: readonly WireFeed[]): ArrayBuffer[] => [
  ...new Set(feeds.flatMap((v) => ("data" in v ? [v.data.buffer as ArrayBuffer] : []))),
];

function elementsOf({ type, data }: { readonly type: string; readonly data: TypedArray }): TypedArray {
  // Newer Node versions have a Float16Array of their own: its bit patterns are what we hold.
  return type === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
}

function fromOrt(message: string): TweedieError {
  const text = message.replaceAll(/\s+/g, " ").trim();
  if (/allocate memory|bad_?alloc|not enough memory/i.test(text))
    return new TweedieError("out-of-memory", {
      message: `ONNX Runtime ran out of memory: ${text}`,
      hint: "use a smaller picture or fewer samples at once",
    });
  if (/NOT_IMPLEMENTED|could not find an implementation/i.test(text))
    return new TweedieError("unsupported-op", { message: `ONNX Runtime cannot run this graph: ${text}` });
  return new TweedieError("internal", { message: `ONNX Runtime: ${text}` });
}
