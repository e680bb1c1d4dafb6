import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Shape, TypedArray } from "../tensor/index.ts";

/** A tensor's elements on their way between the threads; `type` is ONNX Runtime's name of the element type. */
export interface WireData {
  readonly type: Tensor.Type;
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** What goes to the worker: elements, or the number of a value that it holds. */
export type WireFeed = { readonly name: string } & (WireData | { readonly held: number });

/** What comes back: elements, or the number under which the worker keeps them. */
export type WireValue = { readonly name: string } & (WireData | (Omit<WireData, "data"> & { readonly held: number }));

/** An output that is wanted; with `keep`, to be held under this number. */
export interface Wanted {
  readonly name: string;
  readonly keep?: number;
}

/** What the engine asks of the worker thread. */
export type Call =
  | ({ readonly id: number } & (
      | {
          readonly kind: "create";
          readonly session: number;
          readonly model: Uint8Array<ArrayBuffer> | string;
          readonly options: InferenceSession.SessionOptions;
        }
      | {
          readonly kind: "run";
          readonly session: number;
          readonly feeds: readonly WireFeed[];
          readonly outputs: readonly Wanted[];
        }
      | { readonly kind: "close"; readonly session: number }
      | { readonly kind: "hold"; readonly held: number; readonly value: WireFeed }
      | { readonly kind: "read"; readonly held: number }
    ))
  /** Needs no answer. */
  | { readonly kind: "drop"; readonly held: number };

/** What the worker thread is started with. */
export interface WorkerData {
  /** One number: not 0 when calls that have not begun are to be answered with an error. */
  readonly stop: Int32Array;
}

export type Reply =
  | { readonly id: number; readonly values: readonly WireValue[] }
  | { readonly id: number; readonly error: string };
