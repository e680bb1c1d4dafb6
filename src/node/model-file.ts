import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TweedieError } from "../errors.ts";
import { bytesOf, type ExternalLocation, encodeModel } from "../onnx/proto.ts";
import type { WrittenGraph } from "../onnx/write.ts";
import type { Initializer } from "../onnx/write-constants.ts";
import { toModelProto } from "../onnx/write-encode.ts";
import { writeError } from "./files.ts";

export interface ModelFileOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Bytes of constants from which on they go to a file of their own, PATH.data. A protobuf message cannot hold
   * 2 GiB; the default leaves room for the nodes.
   */
  readonly externalAbove?: number;
  readonly signal?: AbortSignal;
}

const smallest = 1024; // constants below this many bytes stay in the model: shapes and axes must be readable there
const page = 4096; // files are mapped into memory page by page

/**
 * Writes a graph as an ONNX file; constants go to `PATH.data` beside it when they are too many for one protobuf.
 * Both files appear under their names only when complete.
 * @returns the paths written, the model first
 */
export async function writeModelFile(
  path: string,
  graph: WrittenGraph,
  options: ModelFileOptions = {},
): Promise<string[]> {
  const { metadata, externalAbove = 1.9e9, signal } = options;
  const temporary: string[] = [];
  const paths = [path];
  try {
    await mkdir(dirname(path), { recursive: true });
    let external: ((c: Initializer) => ExternalLocation | undefined) | undefined;
    if (graph.constants.bytes() > externalAbove) {
      const data = `${path}.data`;
      const { places, order } = placeConstants(graph, basename(data));
      external = (c) => places.get(c);
      paths.push(data);
      temporary.push(partial(data));
      await writeWith(partial(data), async (file) => {
        for (const c of order) {
          signal?.throwIfAborted();
          await writeAt(file, bytesOf(c.data), places.get(c)?.offset ?? 0);
        }
      });
    }
    temporary.push(partial(path));
    const bytes = encodeModel(toModelProto(graph, { metadata, external }));
    await writeWith(partial(path), (file) => file.writeFile(bytes));
    for (const p of [...paths].reverse()) await rename(partial(p), p);
    return paths;
  } catch (cause) {
    await Promise.all(temporary.map((p) => rm(p, { force: true })));
    if (signal?.aborted) throw new TweedieError("aborted", { message: "writing the model was aborted" });
    throw writeError(path, cause);
  }
}

const partial = (path: string) => join(dirname(path), `.${basename(path)}.${process.pid}.part`);

async function writeWith(path: string, write: (file: FileHandle) => Promise<unknown>): Promise<void> {
  const file = await open(path, "w");
  try {
    await write(file);
  } finally {
    await file.close();
  }
}

/** Node writes at most 2 GiB at a time, and may write less than it was given. */
async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(2 ** 30, bytes.length - done), offset + done);
    done += bytesWritten;
  }
}

function placeConstants(graph: WrittenGraph, location: string) {
  const places = new Map<Initializer, ExternalLocation>();
  const order = graph.constants.all().filter((c) => c.data.byteLength >= smallest);
  let offset = 0;
  for (const c of order) {
    places.set(c, { location, offset, length: c.data.byteLength });
    offset = Math.ceil((offset + c.data.byteLength) / page) * page;
  }
  return { places, order };
}
