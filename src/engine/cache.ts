import type { WrittenGraph } from "../onnx/write.ts";
import type { Session } from "./runtime.ts";

/** A program without its data: what a structure was compiled to. */
export interface Compiled {
  readonly graph: WrittenGraph;
  readonly session: Session;
  /** Estimated peak bytes of a run, weights included. */
  readonly memory: number;
}

interface Entry {
  readonly compiled: Compiled;
  users: number;
}

/**
 * Compiled programs by structure. Those in use stay; of the others, the least recently used go when all together are estimated
 * to take more than `limit` bytes.
 */
export class ProgramCache {
  readonly #limit: number;
  /** From the least to the most recently used. */
  readonly #entries = new Map<string, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The program of this structure, in use from now on. */
  take(structure: string): Compiled | undefined {
    const entry = this.#entries.get(structure);
    if (!entry) return undefined;
    entry.users++;
    this.#entries.delete(structure);
    this.#entries.set(structure, entry);
    return entry.compiled;
  }

  /** A new program, in use. One of its structure that came in between stays, and is what the caller gets. */
  async add(structure: string, compiled: Compiled): Promise<Compiled> {
    const before = this.take(structure);
    if (before) {
      await compiled.session.dispose();
      return before;
    }
    this.#entries.set(structure, { compiled, users: 1 });
    await this.#shrinkTo(this.#limit);
    return compiled;
  }

  /** One user less. */
  async release(structure: string): Promise<void> {
    const entry = this.#entries.get(structure);
    if (!entry) return;
    entry.users--;
    await this.#shrinkTo(this.#limit);
  }

  /** Closes all programs that nobody uses. */
  async clear(): Promise<void> {
    await this.#shrinkTo(0);
  }

  async #shrinkTo(limit: number): Promise<void> {
    let total = 0;
    for (const { compiled } of this.#entries.values()) total += compiled.memory;
    const closing: Promise<void>[] = [];
    for (const [structure, { users, compiled }] of this.#entries) {
      if (total <= limit) break;
      if (users > 0) continue;
      this.#entries.delete(structure);
      total -= compiled.memory;
      closing.push(compiled.session.dispose());
    }
    await Promise.all(closing);
  }
}
