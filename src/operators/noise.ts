import { TweedieError } from "../errors.ts";
import { normals, type Stream } from "../random/index.ts";
import { evaluate, sizeOf } from "../tensor/index.ts";
import { measurementSize, type Operator } from "./operator.ts";

/** Additive Gaussian noise; `sigma` is its standard deviation on the [-1, 1] scale, twice that of the 0..1 scale. */
export interface GaussianNoise {
  readonly sigma: number;
}

/**
 * y + sigma·n, n standard normal from a named stream.
 * @param observed as {@link Operator.observed}, flat: entries that are 0 carry no data and get no noise
 * @throws invalid-option unless sigma is a finite number of 0 or more
 */
export function addNoise(
  y: ArrayLike<number>,
  { sigma }: GaussianNoise,
  stream: Stream,
  observed?: ArrayLike<number>,
): Float32Array {
  if (!(sigma >= 0 && Number.isFinite(sigma))) {
    const expected = "a standard deviation of 0 or more";
    throw new TweedieError("invalid-option", { what: "noise", expected, got: String(sigma) });
  }
  if (sigma === 0) return Float32Array.from(y);
  const noise = normals(stream, y.length);
  return Float32Array.from(y, (v, k) => (observed && !observed[k] ? v : v + sigma * noise[k]));
}

/** The operator's `observed` entries as numbers over one measurement; undefined when all carry data. */
export function observedEntries(operator: Operator): Float64Array | undefined {
  if (!operator.observed) return undefined;
  const [{ data }] = evaluate([operator.observed.expand(operator.range)]);
  return data.length === sizeOf(operator.range) ? data : undefined;
}

/** Number of values of one measurement that carry data: the m of the expected residual σ_y √m. */
export function measuredValues(operator: Operator): number {
  return measurementSize(operator, observedEntries(operator));
}
