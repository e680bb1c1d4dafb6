import { readFileSync } from "node:fs";
import { freemem } from "node:os";

/** Bytes that this process can still take, in its container if there is one. Files that are only cached count as free. */
export function availableMemory(): number {
  // Newer Node versions know the container's limit and what of it is in use.
  const free = typeof process.availableMemory === "function" ? process.availableMemory() + cachedFiles() : freemem();
  return Math.min(free, freemem());
}

/** Bytes of the container's memory that the system would give back at once. */
function cachedFiles(): number {
  for (const path of ["/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat"]) {
    try {
      return Number(/^inactive_file (\d+)/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
    } catch {} // not this version of control groups
  }
  return 0;
}
