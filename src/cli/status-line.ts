import type { ProgressStream } from "./progress.ts";

/** Where there is no terminal to redraw a line on, a new one comes after this many seconds at most. */
const QUIET_SECONDS = 10;

/** One line that says where a long piece of work stands: redrawn in place on a terminal, repeated now and then elsewhere. */
export class StatusLine {
  readonly #stream: ProgressStream;
  readonly #silent: boolean;
  readonly #clock: () => number;
  #last: number;
  #drawn = false;

  /** @param quiet nothing is written unless the stream is a terminal */
  constructor(stream: ProgressStream, quiet = false, clock: () => number = () => performance.now() / 1000) {
    this.#stream = stream;
    this.#silent = quiet && !stream.isTTY;
    this.#clock = clock;
    this.#last = clock();
  }

  update(text: string): void {
    if (this.#silent) return;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[2K${text.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`);
      this.#drawn = true;
      return;
    }
    const now = this.#clock();
    if (now - this.#last < QUIET_SECONDS) return;
    this.#last = now;
    this.#stream.write(`${text}\n`);
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  clear(): void {
    if (!this.#drawn) return;
    this.#stream.write("\r\x1b[2K");
    this.#drawn = false;
  }
}
