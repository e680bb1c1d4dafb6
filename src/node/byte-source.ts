import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { TweedieError } from "../errors.ts";
import { type ByteSource, rangedSource } from "../weights/index.ts";
import { checkRegular, readError } from "./files.ts";

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
export async function fileSource(path: string, what = "model file"): Promise<FileSource> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const opened = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    file = opened;
    const info = await opened.stat();
    checkRegular(path, what, info);
    const read = (offset: number, length: number) =>
      readRange(opened, offset, length).catch((cause: unknown) => {
        throw readError(path, what, cause);
      });
    return { ...rangedSource(path, info.size, read), close: () => opened.close() };
  } catch (error) {
    await file?.close();
    throw error instanceof TweedieError ? error : readError(path, what, error);
  }
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, longestRead), offset + done);
    if (bytesRead === 0) throw new Error("it has become shorter");
    done += bytesRead;
  }
  return bytes;
}

/** The sha256 of a source in hex, read a part at a time. */
export async function sha256Of(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const part = 2 ** 24;
  for (let at = 0; at < source.size; at += part)
    hash.update(await source.read(at, Math.min(part, source.size - at), signal));
  return hash.digest("hex");
}
