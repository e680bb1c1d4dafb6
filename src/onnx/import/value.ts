import type { Tensor } from "../../tensor/index.ts";

/** An ONNX sequence of tensors; its length is known at import. */
export class TensorSequence {
  readonly items: readonly Tensor[];
  constructor(items: readonly Tensor[]) {
    this.items = items;
  }
}

/** An empty ONNX optional. */
export const absent = Symbol("absent");

/** The result of a node that cannot be imported. Nodes that read it are passed over, so that one error can name every culprit. */
export const unsupported = Symbol("unsupported");

/** What an ONNX value name stands for while a model is imported. */
export type Value = Tensor | TensorSequence | typeof absent;
