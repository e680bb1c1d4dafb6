import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, type FileHandle, lstat, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { TweedieError } from "../errors.ts";

/** Node reads files up to this size in one piece. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a regular file. Devices, pipes and sockets are refused without waiting for them.
 * @param what the kind of file, for messages
 * @throws {TweedieError} missing-file: there is none; unreadable-file: a folder, a device, no permission; too-large: 2 GiB
 * and more; aborted
 */
export async function readBytes(path: string, what = "file", signal?: AbortSignal): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const info = await file.stat();
    checkRegular(path, what, info);
    if (info.size > MAX_BYTES) {
      throw new TweedieError("too-large", { what: path, expected: `a ${what} below 2 GiB`, got: `${info.size} bytes` });
    }
    return await file.readFile({ signal });
  } catch (error) {
    if (error instanceof TweedieError) throw error;
    if (signal?.aborted) throw new TweedieError("aborted", { message: `reading ${path} was aborted`, cause: error });
    throw readError(path, what, error);
  } finally {
    await file?.close();
  }
}

/** All bytes of standard input. @throws {TweedieError} too-large: 2 GiB and more; unreadable-file */
export async function readStandardInput(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of process.stdin) {
      size += (part as Buffer).length;
      if (size > MAX_BYTES)
        throw new TweedieError("too-large", { what: "standard input", expected: "less than 2 GiB", got: "more" });
      parts.push(part as Buffer);
    }
  } catch (error) {
    if (error instanceof TweedieError) throw error;
    throw readError("standard input", "file", error);
  }
  return Buffer.concat(parts);
}

/** The text (UTF-8) of a regular file. @throws {TweedieError} as {@link readBytes} */
export async function readText(path: string, what?: string, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, what, signal));
}

/** @throws {TweedieError} unreadable-file: a folder, a device, a pipe or a socket */
export function checkRegular(path: string, what: string, info: Stats): void {
  if (info.isFile()) return;
  const got = info.isDirectory() ? "a folder" : "a device, pipe or socket";
  throw new TweedieError("unreadable-file", { what: path, expected: `a ${what}`, got });
}

/** The typed form of what the file system said when it would not read `path`. */
export function readError(path: string, what: string, cause: unknown): TweedieError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const expected = `an existing ${what}`;
    return new TweedieError("missing-file", { what: path, expected, got: "no such file", cause });
  }
  const got = code === "EACCES" || code === "EPERM" ? "no permission to read it" : String((cause as Error).message);
  return new TweedieError("unreadable-file", { what: path, expected: `a readable ${what}`, got, cause });
}

/** Whether a path lies inside a folder. Both are absolute, with symbolic links resolved. */
export function isWithin(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** sha256 in hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

// A write goes to a temporary file beside the target, `.NAME.tweedie-PID-N.tmp`, which is then renamed. Whoever opens the
// target sees the old bytes or the new ones, never a part. A killed process may leave such a file behind. It is never
// read, may be deleted at any time, and the next write to the same target removes it.
// write-file-atomic 8 and atomically 2 do not serve here. They do not check for short writes, so that a truncated file
// replaces the old one when the disk is full, and they cannot replace several files together.

/** Temporary files of this process that are being written. */
const active = new Set<string>();
let counter = 0;

/**
 * Writes a file completely or not at all (temporary file, fsync, rename). An existing file is replaced and keeps its
 * permissions; a symbolic link is followed.
 * @throws {TweedieError} not-writable: folder missing, no permission, read-only, the target is a folder; disk-full
 */
export async function writeAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeTogether([{ path, bytes }]);
}

export interface FileContent {
  readonly path: string;
  readonly bytes: Uint8Array | string;
}

/**
 * Writes files that belong together, the record of the others last. When one of them cannot be written, all stay as they
 * were. A process that is killed in between may leave files without a record, but never new files with an old record.
 * @throws {TweedieError} as {@link writeAtomic}
 */
export async function writeTogether(files: readonly FileContent[]): Promise<void> {
  const staged: { readonly path: string; readonly target: string; readonly temporary: string }[] = [];
  let path = "";
  try {
    for (const file of files) {
      path = file.path;
      const { target, mode } = await prepare(path);
      await removeStale(target);
      const temporary = temporaryName(target);
      active.add(temporary);
      staged.push({ path, target, temporary });
      await writeDurably(temporary, file.bytes, mode);
    }
    const record = staged.at(-1);
    if (record && staged.length > 1) {
      path = record.path;
      await rm(record.target, { force: true });
      await syncFolder(dirname(record.target));
    }
    for (const { path: name, target, temporary } of staged) {
      path = name;
      await rename(temporary, target);
    }
  } catch (error) {
    for (const { temporary } of staged) await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  } finally {
    for (const { temporary } of staged) active.delete(temporary);
  }
  for (const folder of new Set(staged.map(({ target }) => dirname(target)))) await syncFolder(folder);
}

/**
 * Throws what {@link writeAtomic} would throw, as far as it can be known before there is anything to write: to be called
 * before the long computation. Leaves no trace.
 */
export async function checkWritable(path: string): Promise<void> {
  const { target } = await prepare(path);
  const temporary = temporaryName(target);
  active.add(temporary);
  try {
    // Only creating a file tells: permission bits know nothing of read-only mounts, access lists and quotas.
    await writeDurably(temporary, "", undefined);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
    active.delete(temporary);
  }
}

/** The file behind the links, its permissions if it exists; throws when it cannot become a file. */
async function prepare(path: string): Promise<{ target: string; mode: number | undefined }> {
  try {
    const folder = await stat(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return undefined;
    });
    if (!folder?.isDirectory()) {
      throw new TweedieError("not-writable", {
        what: path,
        expected: "a file in an existing folder",
        got: folder ? `${dirname(path)}, which is not a folder` : `no folder ${dirname(path)}`,
      });
    }
    const target = await realpath(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      const link = await lstat(path).catch(() => undefined);
      if (link === undefined) return path;
      const got = "a symbolic link to a file that does not exist";
      throw new TweedieError("not-writable", { what: path, expected: "a file name", got });
    });
    const info = await stat(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return undefined;
    });
    if (info === undefined) return { target, mode: undefined };
    if (!info.isFile()) {
      const got = info.isDirectory() ? "a folder" : "a device, pipe or socket";
      throw new TweedieError("not-writable", { what: path, expected: "a file name", got });
    }
    await access(target, constants.W_OK);
    return { target, mode: info.mode & 0o7777 };
  } catch (error) {
    throw writeError(path, error);
  }
}

async function writeDurably(path: string, bytes: Uint8Array | string, mode: number | undefined): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "wx");
    await file.writeFile(bytes);
    if (mode !== undefined) await file.chmod(mode);
    await file.sync();
  } finally {
    await file?.close();
  }
}

/** Makes the rename itself durable where the system lets a folder be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close().catch(() => undefined);
}

/** What the names of a target's temporary files begin with; cut so that a long name stays below 255 bytes. */
function temporaryPrefix(target: string): string {
  return `.${Buffer.from(basename(target)).subarray(0, 150).toString()}.tweedie-`;
}

function temporaryName(target: string): string {
  return join(dirname(target), `${temporaryPrefix(target)}${process.pid}-${counter++}.tmp`);
}

/** Removes what killed processes left of earlier writes to this target. */
async function removeStale(target: string): Promise<void> {
  const prefix = temporaryPrefix(target);
  const folder = dirname(target);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^(\d+)-\d+\.tmp$/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined || active.has(join(folder, name)) || isAlive(Number(pid))) continue;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  // A file of our own number that is not ours is of an earlier process that had it.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "a read-only file system",
  EISDIR: "a folder",
  ENOTDIR: "a path through something that is not a folder",
  ENOENT: "a folder that does not exist",
  ENAMETOOLONG: "a name that is too long",
  ELOOP: "a symbolic link to itself",
  EBUSY: "a file that is in use",
  EMFILE: "too many open files",
};

/** The typed form of what the file system said when it would not write `path`. */
export function writeError(path: string, cause: unknown): TweedieError {
  if (cause instanceof TweedieError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    const got = code === "ENOSPC" ? "a full disk" : code === "EDQUOT" ? "a full quota" : "a file size limit";
    return new TweedieError("disk-full", { what: path, expected: "room to write", got, cause });
  }
  const got = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new TweedieError("not-writable", { what: path, expected: "a place that can be written", got, cause });
}
