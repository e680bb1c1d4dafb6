import type { WrittenGraph } from "../onnx/write.ts";
import type { DType, Shape, TypedArray } from "../tensor/index.ts";

/**
 * A tensor's elements outside the graph, where they are: in the host's memory or with the runtime (on a device, in a worker).
 * What a runtime holds can be fed again without a copy; it is read only when asked. `bool` is bytes, `float16` its bit patterns.
 */
export interface Value {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly location: "host" | "runtime";
  /** The elements. Those of a host value are the value's own. @throws TweedieError like a run */
  read(): Promise<TypedArray>;
  /** Gives the memory back that the runtime holds for it. */
  dispose(): void;
}

/** Elements in the host's memory. */
export class HostValue implements Value {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly location = "host";

  constructor(data: TypedArray, shape: Shape, dtype: DType) {
    this.data = data;
    this.shape = shape;
    this.dtype = dtype;
  }

  async read(): Promise<TypedArray> {
    return this.data;
  }

  dispose(): void {}
}

export interface SessionOptions {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/** A loaded model. */
export interface Session {
  /**
   * The named outputs: those in `keep` stay with the runtime, the others come as host values. The buffers of host values that
   * are fed may be taken over: they are not to be used afterwards.
   */
  run(
    feeds: Readonly<Record<string, Value>>,
    outputs: readonly string[],
    keep?: readonly string[],
  ): Promise<Record<string, Value>>;
  dispose(): Promise<void>;
}

/**
 * What the engine needs of a platform: an inference library and what the machine has. onnxruntime-node and onnxruntime-web
 * share the library's part. Calls queue up; none blocks the caller's thread.
 */
export interface Runtime {
  /** Does it know the operators of the `com.microsoft` domain? */
  readonly contrib: boolean;
  /** Threads that one operator may use by default. */
  readonly cores: number;
  /** Bytes that programs can still take; undefined where the platform does not tell. */
  availableMemory(): number | undefined;
  createSession(graph: WrittenGraph, options: SessionOptions): Promise<Session>;
  /** Hands a value over to the runtime; its buffer may be taken over. */
  hold(value: HostValue): Promise<Value>;
  dispose(): Promise<void>;
}
