import type { DType, Shape, TypedArray } from "../tensor/index.ts";

/** A tensor's elements outside the graph. `bool` is bytes, `float16` its bit patterns. */
export interface Value {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface SessionOptions {
  readonly threads: number;
}

/** A loaded model. */
export interface Session {
  /** The named outputs. The feeds' buffers may be taken over: they are not to be used afterwards. */
  run(feeds: Readonly<Record<string, Value>>, outputs: readonly string[]): Promise<Record<string, Value>>;
  dispose(): Promise<void>;
}

/**
 * What the engine needs of an inference library: the part that onnxruntime-node and onnxruntime-web share.
 * Calls queue up; none blocks the caller's thread.
 */
export interface Runtime {
  /** Does it know the operators of the `com.microsoft` domain? */
  readonly contrib: boolean;
  /** @param model an encoded ModelProto (the buffer is taken over) or the path of one */
  createSession(model: Uint8Array<ArrayBuffer> | string, options: SessionOptions): Promise<Session>;
  dispose(): Promise<void>;
}
