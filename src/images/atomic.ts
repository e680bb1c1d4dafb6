import { constants } from "node:fs";
import { access, type FileHandle, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TweedieError } from "../errors.ts";

// A write goes to a temporary file beside the target, `.NAME.tweedie-PID-N.tmp`, which is then renamed: whoever opens
// the target sees the old bytes or the new ones, never a part. A process killed in between leaves such a file behind; it
// is never read, may be deleted at any time, and the next write to the same target removes it.

/** Temporary files of this process that are being written. */
const active = new Set<string>();
let counter = 0;

/**
 * Writes a file completely or not at all (temporary file, fsync, rename). An existing file is replaced and keeps its
 * permissions; a symbolic link is followed.
 * Throws `not-writable` (folder missing, no permission, read-only, the target is a folder) or `disk-full`.
 */
export async function writeAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const { target, mode } = await prepare(path);
  await removeStale(target);
  const temporary = temporaryName(target);
  active.add(temporary);
  try {
    await writeDurably(temporary, bytes, mode);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  } finally {
    active.delete(temporary);
  }
  await syncFolder(dirname(target));
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
    const target = await realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return path;
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
