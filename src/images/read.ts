import { readFile, stat } from "node:fs/promises";
import { TweedieError } from "../errors.ts";

/** Node reads files up to this size in one piece. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a regular file. Throws `missing-file`, `unreadable-file` (a folder, a device, no permission) or
 * `too-large` (2 GiB and more).
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile()) {
      const got = info.isDirectory() ? "a folder" : "a device, pipe or socket";
      throw new TweedieError("unreadable-file", { what: path, expected: "a file", got });
    }
    if (info.size > MAX_BYTES) {
      throw new TweedieError("too-large", { what: path, expected: "a file below 2 GiB", got: `${info.size} bytes` });
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof TweedieError) throw error;
    throw readError(path, error);
  }
}

function readError(path: string, cause: unknown): TweedieError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new TweedieError("missing-file", { what: path, expected: "an existing file", got: "no such file", cause });
  }
  const got = code === "EACCES" || code === "EPERM" ? "no permission to read it" : String((cause as Error).message);
  return new TweedieError("unreadable-file", { what: path, expected: "a readable file", got, cause });
}
