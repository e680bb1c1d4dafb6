import { DECODE, ENCODE } from "../operators/operator.ts";
import { FORWARD } from "../priors/prior.ts";

/** How often the networks ran for each sample, read from the compiled graph; two rows of a batch are two evaluations. */
export interface Counts {
  readonly forwards: number;
  /** Vector-Jacobian products through the denoiser, and Jacobian-vector products. */
  readonly vjps: number;
  /** Passes through a latent prior's autoencoder, and vector-Jacobian products of them. */
  readonly encodes: number;
  readonly encodeVjps: number;
  readonly decodes: number;
  readonly decodeVjps: number;
}

/**
 * Probe labels: the derivative of a mark carries the mark with "'" appended. A JVP is the VJP of a VJP, and its own transpose, which
 * linearised problems ask for, the VJP of that.
 */
const derivatives = (label: string) => [1, 2, 3].map((order) => label + "'".repeat(order));
const labels: Readonly<Record<keyof Counts, readonly string[]>> = {
  forwards: [FORWARD],
  vjps: derivatives(FORWARD),
  encodes: [ENCODE],
  encodeVjps: derivatives(ENCODE),
  decodes: [DECODE],
  decodeVjps: derivatives(DECODE),
};

const names = Object.keys(labels) as (keyof Counts)[];

/** Counts from the number of evaluations under each probe label. */
export function countsOf(evaluations: (label: string) => number): Counts {
  const count = (name: keyof Counts) => labels[name].reduce((sum, label) => sum + evaluations(label), 0);
  return Object.fromEntries(names.map((name) => [name, count(name)])) as unknown as Counts;
}

export const noCounts: Counts = countsOf(() => 0);

export function sumCounts(all: readonly Counts[]): Counts {
  const total = { ...noCounts } as Record<keyof Counts, number>;
  for (const counts of all) for (const name of names) total[name] += counts[name];
  return total;
}
