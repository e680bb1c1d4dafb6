import type { RestoreProgress } from "../restore/index.ts";

/** Where progress is written: standard error, or a stand-in. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Where there is no terminal to draw a bar on, a line comes after these seconds, and later after this share of the time. */
const QUIET_SECONDS = 5;
const QUIET_SHARE = 0.1;
const BAR_WIDTH = 20;

/** Draws a bar that is redrawn in place on a terminal, and writes a line now and then elsewhere. */
export class ProgressBar {
  readonly #stream: ProgressStream;
  readonly #label: string;
  readonly #clock: () => number;
  #drawn = 0;
  readonly #begin: number;
  #lastLine: number;

  constructor(stream: ProgressStream, label: string, clock: () => number = () => performance.now() / 1000) {
    this.#stream = stream;
    this.#label = label;
    this.#clock = clock;
    this.#begin = clock();
    this.#lastLine = this.#begin;
  }

  update(progress: RestoreProgress): void {
    if (this.#stream.isTTY) {
      this.#draw(progress);
      return;
    }
    const now = this.#clock();
    if (now - this.#lastLine < Math.max(QUIET_SECONDS, QUIET_SHARE * (now - this.#begin))) return;
    this.#lastLine = now;
    this.#stream.write(`${this.#label}: ${describeProgress(progress)}\n`);
  }

  /** Writes a line of its own above or instead of the bar. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Removes the bar. */
  clear(): void {
    if (this.#drawn === 0) return;
    this.#stream.write("\r\x1b[2K");
    this.#drawn = 0;
  }

  #draw(progress: RestoreProgress): void {
    const filled = Math.round(progress.fraction * BAR_WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const text = `${this.#label} ${bar} ${describeProgress(progress)}`;
    const line = text.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1));
    this.#stream.write(`\r\x1b[2K${line}`);
    this.#drawn = line.length;
  }
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
