import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Shape, TypedArray } from "../tensor/index.ts";

/** A tensor on its way between the threads; `type` is ONNX Runtime's name of the element type. */
export interface WireValue {
  readonly name: string;
  readonly type: Tensor.Type;
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** What the engine asks of the worker thread. */
export type Call = { readonly id: number; readonly session: number } & (
  | {
      readonly kind: "create";
      readonly model: Uint8Array<ArrayBuffer> | string;
      readonly options: InferenceSession.SessionOptions;
    }
  | { readonly kind: "run"; readonly feeds: readonly WireValue[]; readonly outputs: readonly string[] }
  | { readonly kind: "close" }
);

/** What the worker thread is started with. */
export interface WorkerData {
  /** One number: not 0 when calls that have not begun are to be answered with an error. */
  readonly stop: Int32Array;
}

export type Reply =
  | { readonly id: number; readonly values: readonly WireValue[] }
  | { readonly id: number; readonly error: string };
