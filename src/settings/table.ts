/** How much time a restoration may take: seconds, half a minute, as long as it pays (256², two cores). */
export type Preset = "fast" | "balanced" | "best";

/**
 * A solver's options, found by measurement.
 * @param operator registered name
 * @param sigmaY noise on the [-1, 1] scale
 */
export type Rule = (operator: string, preset: Preset, sigmaY: number) => Readonly<Record<string, unknown>>;

/** What was tuned on one family of priors. */
export interface SettingsTable {
  /** Solver → its options. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** Operator → the solver that does better on it than the default one. */
  readonly best: Readonly<Record<string, string>>;
}
