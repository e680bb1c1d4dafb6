import type { ProgressStream } from "./progress.ts";

/** What a command may talk to: the process's own streams, or stand-ins. */
export interface Terminal {
  /** Results: the report for people, or one JSON value for machines. */
  readonly out: { write(text: string): unknown };
  /** Progress and errors. */
  readonly err: ProgressStream;
}
