import type { Tensor } from "../tensor/index.ts";
import { GraphBuilder } from "./import/graph.ts";
import type { ImportOptions } from "./import/inputs.ts";
import { decodeOnnx, type LoadedModel } from "./import/load.ts";

export type { FrozenValues, ImportOptions } from "./import/inputs.ts";

/** An ONNX model as tensors: differentiable and composable like any other expression. */
export interface ImportedModel {
  /** Placeholders, by the model's names and in its order. Frozen inputs are not among them. */
  readonly inputs: Record<string, Tensor>;
  readonly outputs: Record<string, Tensor>;
  /** Version of the standard operator set. */
  readonly opset: number;
  /** What wrote the file, e.g. `pytorch 2.5.1`; "" when it does not say. */
  readonly producer: string;
}

/**
 * Imports an ONNX model (operator sets 6 to 28 are tested) into the tensor language. Shapes become static: symbolic extents are
 * bound by `inputShapes`, and arithmetic on shapes is worked out. bfloat16 and 8-bit floats are read as float32, 4-bit
 * integers as 8-bit ones. Weights stay as they are stored; nothing large is computed on the host.
 * @param source the model's bytes, or a decoded model (`decodeOnnx`, `loadOnnx`)
 * @throws {TweedieError} missing-file: weights outside the model; invalid-model: not ONNX, damaged, inconsistent; too-large: more
 *   nodes or elements than any model needs; aborted; unsupported-op: lists every operator that has no rule, with the nodes that
 *   use it; invalid-option: an open shape; a value that must be frozen
 */
export function importOnnx(source: Uint8Array | LoadedModel, options: ImportOptions = {}): ImportedModel {
  const loaded = source instanceof Uint8Array ? decodeOnnx(source) : source;
  const { inputs, outputs } = new GraphBuilder(loaded).build(options);
  const { model } = loaded;
  const standard = model.opsetImport.find((o) => o.domain === "" || o.domain === "ai.onnx");
  return {
    inputs,
    outputs,
    opset: Number(standard?.version ?? 0),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
  };
}
