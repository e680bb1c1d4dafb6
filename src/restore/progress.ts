/** Where a restoration stands. */
export interface RestoreProgress {
  /** Which result is being drawn, from 1. */
  readonly sample: number;
  readonly samples: number;
  /** Which part of the picture is under way, from 1. */
  readonly tile: number;
  readonly tiles: number;
  /** Steps done in this part. */
  readonly step: number;
  readonly steps: number;
  /** Noise level of the step, on the [-1, 1] scale. */
  readonly sigma: number;
  /** ‖y − A(x)‖₂ of this part, and what noise alone would leave of it; absent where nothing was measured. */
  readonly residual?: number;
  readonly expectedResidual?: number;
  /** Share of the whole work that is done, 0 to 1. */
  readonly fraction: number;
  readonly seconds: number;
  readonly secondsLeft: number;
}

/** Estimates the time left from the pace since the first report, so that start-up is not counted twice. */
export class Pace {
  readonly #clock: () => number;
  readonly #begin: number;
  #first: { at: number; fraction: number } | undefined;

  constructor(clock: () => number = () => performance.now() / 1000) {
    this.#clock = clock;
    this.#begin = clock();
  }

  at(fraction: number): { seconds: number; secondsLeft: number } {
    const now = this.#clock();
    const seconds = now - this.#begin;
    this.#first ??= { at: now, fraction };
    const { at, fraction: done } = this.#first;
    const pace = fraction > done ? (now - at) / (fraction - done) : seconds / fraction;
    return { seconds, secondsLeft: fraction > 0 ? pace * (1 - fraction) : Number.POSITIVE_INFINITY };
  }
}
