import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { TweedieError } from "../errors.ts";
import { type ByteSource, rangedSource } from "../weights/index.ts";

/** A file that stays open until it is closed. */
export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

/** Node reads less than 2 GiB at a time. */
const longestRead = 2 ** 30;

/**
 * Opens a file for reads at any place.
 * @param what the file is, for messages
 * @throws {TweedieError} missing-file; unreadable-file: a folder, a pipe, a file without permission
 */
export async function fileSource(path: string, what = "a model file"): Promise<FileSource> {
  // Opening a pipe would wait for its writer.
  const found = await stat(path).catch((cause: unknown) => Promise.reject(fileError(path, what, cause)));
  if (!found.isFile())
    throw new TweedieError("unreadable-file", { what: path, expected: what, got: "no regular file" });
  const file = await open(path).catch((cause: unknown) => Promise.reject(fileError(path, what, cause)));
  const source = rangedSource(path, found.size, async (offset, length) => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const part = Math.min(length - done, longestRead);
      const { bytesRead } = await file.read(bytes, done, part, offset + done).catch((cause: unknown) => {
        throw fileError(path, what, cause);
      });
      if (bytesRead === 0) throw fileError(path, what, "it has become shorter");
      done += bytesRead;
    }
    return bytes;
  });
  return { ...source, close: () => file.close() };
}

/** The sha256 of a source in hex, read a part at a time. */
export async function sha256Of(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const part = 2 ** 24;
  for (let at = 0; at < source.size; at += part)
    hash.update(await source.read(at, Math.min(part, source.size - at), signal));
  return hash.digest("hex");
}

function fileError(path: string, what: string, cause: unknown): TweedieError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  if (code === "ENOENT" || code === "ENOTDIR")
    return new TweedieError("missing-file", { message: `${path}: expected ${what}, found nothing`, cause });
  return new TweedieError("unreadable-file", { what: path, expected: what, got: code, cause });
}
