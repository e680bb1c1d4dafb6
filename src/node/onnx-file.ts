import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { TweedieError } from "../errors.ts";
import { checkRange, decodeOnnx, embed, externalTensors, type LoadedModel } from "../onnx/import/load.ts";
import { type ImportedModel, type ImportOptions, importOnnx } from "../onnx/import.ts";
import { checkRegular, isWithin, readError } from "./files.ts";

/**
 * Imports an ONNX file, see {@link importOnnx}. Weights in files beside it are found.
 * @throws {TweedieError} missing-file, unreadable-file, and as `importOnnx`
 */
export function importOnnxFile(path: string, options: ImportOptions = {}): ImportedModel {
  return importOnnx(readOnnxFile(path), options);
}

/**
 * Decodes an ONNX file and reads the weights that it keeps in files beside it. They must lie in the model's folder, also
 * after symbolic links.
 * @throws {TweedieError} missing-file, unreadable-file, invalid-model
 */
export function readOnnxFile(path: string): LoadedModel {
  const bytes = withFile(path, "model", (file, size) => readRange(file, path, 0, size));
  const loaded = decodeOnnx(bytes, path);
  for (const { tensor, at } of externalTensors(loaded.model)) {
    const file = locate(path, at.location);
    const read = (handle: number, size: number) =>
      readRange(handle, file, at.offset, checkRange({ ...at, location: file }, size));
    embed(tensor, withFile(file, "file of weights", read));
  }
  return loaded;
}

/** The file of a location. @throws {TweedieError} invalid-model: it is not in the model's folder */
function locate(model: string, location: string): string {
  const inside = normalize(location);
  const path = join(dirname(model), inside);
  const leaves = isAbsolute(inside) || inside === "." || inside.split(sep)[0] === "..";
  try {
    if (!leaves && isWithin(realpathSync(dirname(model)), realpathSync(path))) return path;
  } catch (cause) {
    throw readError(path, "file of weights", cause);
  }
  const expected = "external data in the model's folder";
  throw new TweedieError("invalid-model", { what: model, expected, got: `the location "${location}"` });
}

function withFile<T>(path: string, what: string, use: (file: number, size: number) => T): T {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const info = fstatSync(file);
    checkRegular(path, what, info);
    return use(file, info.size);
  } catch (error) {
    throw error instanceof TweedieError ? error : readError(path, what, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readRange(file: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const n = readSync(file, bytes, done, Math.min(length - done, 1 << 30), offset + done);
    if (n === 0)
      throw new TweedieError("invalid-model", {
        what: path,
        expected: `${length} bytes at ${offset}`,
        got: String(done),
      });
    done += n;
  }
  return bytes;
}
