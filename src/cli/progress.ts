import type { RestoreProgress } from "../restore/index.ts";

/** Where progress is written: standard error, or a stand-in. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Where there is no terminal to draw on, a line comes after these seconds, and later after this share of the time. */
const QUIET_SECONDS = 5;
const QUIET_SHARE = 0.1;
const BAR_WIDTH = 20;

export interface StatusOptions {
  /** What the work is called, at the front of the line. */
  readonly label?: string;
  /** Nothing is written unless the stream is a terminal. */
  readonly quiet?: boolean;
  readonly clock?: () => number;
}

/** One line that says where a long piece of work stands: redrawn in place on a terminal, repeated now and then elsewhere. */
export class StatusLine {
  readonly #stream: ProgressStream;
  readonly #label: string | undefined;
  readonly #silent: boolean;
  readonly #clock: () => number;
  readonly #begin: number;
  #last: number;
  #drawn = false;

  constructor(stream: ProgressStream, options: StatusOptions = {}) {
    const { label, quiet = false, clock = () => performance.now() / 1000 } = options;
    this.#stream = stream;
    this.#label = label;
    this.#silent = quiet && !stream.isTTY;
    this.#clock = clock;
    this.#begin = clock();
    this.#last = this.#begin;
  }

  /** @param fraction of the work that is done, for a bar */
  update(text: string, fraction?: number): void {
    if (this.#silent) return;
    if (this.#stream.isTTY) {
      const parts = [this.#label, fraction === undefined ? undefined : bar(fraction), text];
      const line = parts.filter((part) => part !== undefined).join(" ");
      this.#stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`);
      this.#drawn = true;
      return;
    }
    const now = this.#clock();
    if (now - this.#last < Math.max(QUIET_SECONDS, QUIET_SHARE * (now - this.#begin))) return;
    this.#last = now;
    this.#stream.write(`${this.#label === undefined ? "" : `${this.#label}: `}${text}\n`);
  }

  /** Writes a line that stays. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Removes what is drawn. */
  clear(): void {
    if (!this.#drawn) return;
    this.#stream.write("\r\x1b[2K");
    this.#drawn = false;
  }
}

function bar(fraction: number): string {
  const filled = Math.round(fraction * BAR_WIDTH);
  return "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
}

/** "step 12/50 · sigma 0.31 · residual 14.2 (noise alone 12.9) · 8 s left" */
export function describeProgress(p: RestoreProgress): string {
  const parts = [`step ${p.step}/${p.steps}`];
  if (p.tiles > 1) parts.unshift(`tile ${p.tile}/${p.tiles}`);
  if (p.samples > 1) parts.unshift(`sample ${p.sample}/${p.samples}`);
  parts.push(`sigma ${digits(p.sigma)}`);
  if (p.residual !== undefined)
    parts.push(`residual ${digits(p.residual)} (noise alone ${digits(p.expectedResidual ?? 0)})`);
  if (p.fraction < 1) parts.push(`${duration(p.secondsLeft)} left`);
  return parts.join(" · ");
}

/** Three significant digits, without exponents where people can do without. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  return size >= 1e-4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

/** "8 s", "2 min 05 s", "1 h 10 min" */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h} h ${two(m)} min` : `${m} min ${two(s)} s`;
}
