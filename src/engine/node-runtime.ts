import { Worker } from "node:worker_threads";
import { TweedieError } from "../errors.ts";
import type { DType, TypedArray } from "../tensor/index.ts";
import type { Call, Reply, WireValue, WorkerData } from "./messages.ts";
import type { Runtime, Session, SessionOptions, Value } from "./runtime.ts";

type Omitted<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  resolve(values: readonly WireValue[]): void;
  reject(error: Error): void;
}

/** onnxruntime-node in a worker thread. The thread keeps the process alive only while a call is under way. */
export class NodeRuntime implements Runtime {
  readonly contrib = true;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL("./worker.mjs", import.meta.url), {
    execArgv: [],
    workerData: { stop: this.#stop } satisfies WorkerData,
  });
  readonly #waiting = new Map<number, Waiting>();
  #nextCall = 0;
  #nextSession = 0;
  #dead: TweedieError | undefined;
  #idle: (() => void) | undefined;
  #ending: Promise<void> | undefined;

  constructor() {
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#die(cause));
    this.#worker.on("exit", () => this.#die(undefined));
  }

  async createSession(model: Uint8Array<ArrayBuffer> | string, options: SessionOptions): Promise<Session> {
    const session = this.#nextSession++;
    const transfer = typeof model === "string" ? [] : [model.buffer];
    await this.#call({ kind: "create", session, model, options: ortOptions(options) }, transfer);
    let closed = false;
    return {
      run: async (feeds, outputs) => {
        if (closed) throw new TweedieError("invalid-option", { message: "the program is disposed" });
        const wire = Object.entries(feeds).map(([name, { data, shape, dtype }]) => ({
          name,
          type: dtype,
          data,
          shape,
        }));
        const buffers = new Set(wire.map((v) => v.data.buffer as ArrayBuffer));
        const values = await this.#call({ kind: "run", session, feeds: wire, outputs }, [...buffers]);
        return Object.fromEntries(values.map((v) => [v.name, fromWire(v)]));
      },
      dispose: async () => {
        if (closed || this.#dead) return;
        closed = true;
        await this.#call({ kind: "close", session });
      },
    };
  }

  /** Ends the thread. A call under way ends first: a thread that is stopped inside ONNX Runtime takes the process with it. */
  dispose(): Promise<void> {
    this.#dead ??= new TweedieError("aborted", { message: "the engine is disposed" });
    this.#ending ??= this.#end();
    return this.#ending;
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

  #call(call: Omitted<Call>, transfer: ArrayBuffer[] = []): Promise<readonly WireValue[]> {
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

function fromWire({ type, data, shape }: WireValue): Value {
  // Newer Node versions have a Float16Array of their own: its bit patterns are what we hold.
  const bits = type === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { data: bits as TypedArray, shape, dtype: type as DType };
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
