import { TweedieError } from "../../errors.ts";
import {
  decodeModel,
  type ExternalLocation,
  externalLocation,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from "../proto.ts";
import { storedBytes } from "./tensors.ts";

/** A decoded model whose weights are all in memory, to be imported for any number of shapes. */
export interface LoadedModel {
  readonly model: ModelProto;
  /** How messages call it: its path, or "the model". */
  readonly name: string;
}

/** Bytes that are read in ranges: a file, a Blob, a URL. */
interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Decodes an ONNX model and checks that it is one.
 * @throws {TweedieError} invalid-model
 */
export function decodeOnnx(bytes: Uint8Array, name = "the model"): LoadedModel {
  if (bytes.length === 0) throw invalid(name, "an ONNX model", "an empty file");
  const model = decode(name, bytes);
  if (!model.graph)
    throw invalid(name, "an ONNX model with a graph", looksLikeText(bytes) ? "a text file" : "data without one");
  if (model.opsetImport.length === 0) throw invalid(name, "an ONNX model that names its opset", "none named");
  return { model, name };
}

/**
 * Decodes an ONNX model whose weights lie outside it, and reads them.
 * @param open gives the bytes that a model calls by this name: the path of a file relative to the model's folder
 * @throws {TweedieError} invalid-model, and what `open` throws
 */
export async function loadOnnx(
  bytes: Uint8Array,
  open: (location: string) => Promise<ByteSource>,
  name?: string,
): Promise<LoadedModel> {
  const loaded = decodeOnnx(bytes, name);
  for (const { tensor, at } of externalTensors(loaded.model)) {
    const source = await open(at.location);
    const length = checkRange(at, source.size);
    embed(tensor, await source.read(at.offset, length));
  }
  return loaded;
}

/** The tensors of a model whose data lie outside it, in its graphs and in the bodies of its nodes and functions. */
export function* externalTensors(model: ModelProto): Generator<{ tensor: TensorProto; at: ExternalLocation }> {
  for (const tensor of allTensors([...(model.graph ? [model.graph] : []), ...model.functions])) {
    const at = externalLocation(tensor);
    if (at) yield { tensor, at: { ...at, length: at.length ?? storedBytes(tensor) } };
  }
}

function* allTensors(graphs: readonly Pick<GraphProto, "node">[]): Generator<TensorProto> {
  for (const graph of graphs) {
    if ("initializer" in graph) yield* graph.initializer as TensorProto[];
    for (const { attribute } of graph.node)
      for (const { t, tensors, g, graphs: bodies } of attribute) {
        if (t) yield t;
        yield* tensors;
        yield* allTensors(g ? [g, ...bodies] : bodies);
      }
  }
}

/** Bytes to read for a tensor from a file of this size. @throws {TweedieError} invalid-model: they are not in it */
export function checkRange({ location, offset, length }: ExternalLocation, size: number): number {
  const wanted = length ?? size - offset;
  if (offset >= 0 && wanted >= 0 && offset + wanted <= size) return wanted;
  throw invalid(location, `at least ${offset + wanted} bytes of weights`, String(size));
}

/** Puts the data of a tensor into the model. */
export function embed(tensor: TensorProto, bytes: Uint8Array): void {
  tensor.rawData = bytes;
  tensor.dataLocation = 0;
  tensor.externalData = [];
}

function decode(name: string, bytes: Uint8Array): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const got = looksLikeText(bytes)
      ? "a text file"
      : `${bytes.length} bytes that are cut off or no ONNX model (${reason})`;
    throw invalid(name, "an ONNX model", got, cause);
  }
}

function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 64).every((b) => (b >= 32 && b < 127) || b === 9 || b === 10 || b === 13);
}

function invalid(name: string, expected: string, got: string, cause?: unknown): TweedieError {
  return new TweedieError("invalid-model", { what: name, expected, got, cause });
}
