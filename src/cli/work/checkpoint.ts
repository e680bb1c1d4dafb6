import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TweedieError } from "../../errors.ts";
import { readBytes, writeAtomic } from "../../node/files.ts";
import { decodeSnapshot, encodeSnapshot, type RestoreSnapshot, type RestoreStep } from "../../restore/index.ts";

/** Writing may take this share of the time at most. */
const SHARE = 0.05;

/** The state of a restoration under way, in a file beside its result. */
export class Checkpoint {
  readonly path: string;
  readonly #interval: number;
  #written = performance.now();
  #cost = 0;
  #failed = false;

  /** @param seconds how often the state is written; 0: after each step */
  constructor(output: string, seconds: number) {
    this.path = join(dirname(output), `.${basename(output)}.checkpoint`);
    this.#interval = 1000 * seconds;
  }

  /** @throws {TweedieError} missing-file, unreadable-file */
  async read(): Promise<RestoreSnapshot | undefined> {
    return existsSync(this.path) ? decodeSnapshot(await readBytes(this.path, "checkpoint")) : undefined;
  }

  /** Could the state not be written? Then it was given up; the restoration goes on. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Writes the state after a step where it is time. */
  async offer(step: RestoreStep): Promise<void> {
    if (this.#failed) return;
    const begin = performance.now();
    if (this.#interval > 0 && begin - this.#written < Math.max(this.#interval, this.#cost / SHARE)) return;
    const state = encodeSnapshot(await step.snapshot());
    try {
      await writeAtomic(this.path, state);
    } catch (error) {
      if (!(error instanceof TweedieError)) throw error;
      this.#failed = true;
    }
    this.#written = performance.now();
    this.#cost = this.#written - begin;
  }

  /** Where no state could be written, none may be there to remove. */
  async remove(): Promise<void> {
    if (!this.#failed) await rm(this.path, { force: true });
  }
}
