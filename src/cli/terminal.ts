import type { ProgressStream } from "./progress.ts";

/** What a command may talk to: the process's own streams, or stand-ins. */
export interface Terminal {
  /** Results: the report for people, or one JSON value for machines. */
  readonly out: { write(data: string | Uint8Array): unknown };
  /** Progress and errors. */
  readonly err: ProgressStream;
}

/**
 * A stream of the process whose failures end nothing: a reader that has gone (`| head`), a full disk. What was computed is
 * still to be saved.
 */
export class SteadyStream implements ProgressStream {
  readonly #stream: NodeJS.WriteStream;
  /** Whether text was lost that someone waits for: a reader that has gone waits for none. */
  lost = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error) => this.#note(error));
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  write(data: string | Uint8Array): void {
    try {
      this.#stream.write(data);
    } catch (error) {
      this.#note(error);
    }
  }

  #note(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ERR_STREAM_DESTROYED") this.lost = true;
  }
}
