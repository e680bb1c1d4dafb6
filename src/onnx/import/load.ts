import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { TweedieError } from "../../errors.ts";
import { decodeModel, type ExternalReader, type ModelProto } from "../proto.ts";

export interface LoadedModel {
  readonly model: ModelProto;
  /** How messages call it: the path, or "the model". */
  readonly name: string;
  readonly external: ExternalReader | undefined;
}

/**
 * Decodes an ONNX model and checks that it is one.
 * @throws missing-file, unreadable-file, invalid-model
 */
export function loadModel(source: Uint8Array | string): LoadedModel {
  const name = typeof source === "string" ? source : "the model";
  const bytes = typeof source === "string" ? readBytes(source) : source;
  if (bytes.length === 0) throw invalid(name, "an ONNX model", "an empty file");
  const model = decode(name, bytes);
  if (!model.graph)
    throw invalid(name, "an ONNX model with a graph", looksLikeText(bytes) ? "a text file" : "data without one");
  if (model.opsetImport.length === 0) throw invalid(name, "an ONNX model that names its opset", "none named");
  const external = typeof source === "string" ? externalReader(source) : undefined;
  return { model, name, external };
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

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileError(path, cause);
  }
}

function fileError(path: string, cause: unknown): TweedieError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return new TweedieError("missing-file", { message: `${path}: no such file`, cause });
  return new TweedieError("unreadable-file", { message: `${path}: cannot be read (${code ?? String(cause)})`, cause });
}

/** Reads the weights that a model keeps in files beside it; a location that leaves the model's folder is refused. */
function externalReader(modelPath: string): ExternalReader {
  return ({ location, offset, length }) => {
    const inside = normalize(location);
    if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`) || inside === ".")
      throw invalid(modelPath, "external data in the model's folder", `the location "${location}"`);
    const path = join(dirname(modelPath), inside);
    let file: number | undefined;
    try {
      file = openSync(path, "r");
      const size = fstatSync(file).size;
      const wanted = length ?? size - offset;
      if (!(offset >= 0 && wanted >= 0 && offset + wanted <= size))
        throw invalid(path, `at least ${offset + wanted} bytes of weights`, `${size}`);
      const bytes = new Uint8Array(wanted);
      for (let done = 0; done < wanted; ) {
        const n = readSync(file, bytes, done, Math.min(wanted - done, 1 << 30), offset + done);
        if (n === 0) throw invalid(path, `${wanted} bytes at ${offset}`, `${done}`);
        done += n;
      }
      return bytes;
    } catch (error) {
      throw error instanceof TweedieError ? error : fileError(path, error);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
}
