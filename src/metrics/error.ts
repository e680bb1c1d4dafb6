import { TweedieError } from "../errors.ts";

/** Any array of samples. */
export type Samples = ArrayLike<number>;

/** Mean squared error. Throws `size-mismatch` when the lengths differ or are zero. */
export function mse(a: Samples, b: Samples): number {
  checkSamples(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/** Mean absolute error. Throws like {@link mse}. */
export function mae(a: Samples, b: Samples): number {
  checkSamples(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/**
 * Peak signal-to-noise ratio in dB, 10 log10(dataRange^2 / mse), the error averaged over all samples of all channels.
 * `dataRange` is the distance from black to white: 1 for pictures in [0, 1], 2 for [-1, 1], 255 for bytes. Infinity for
 * equal pictures. Throws `size-mismatch` and, for a range that is not a positive number, `invalid-option`.
 */
export function psnr(a: Samples, b: Samples, dataRange: number): number {
  checkDataRange(dataRange);
  return 10 * Math.log10(dataRange ** 2 / mse(a, b));
}

export function checkDataRange(dataRange: number): void {
  if (Number.isFinite(dataRange) && dataRange > 0) return;
  throw new TweedieError("invalid-option", {
    what: "data range",
    expected: "a positive number",
    got: String(dataRange),
  });
}

function checkSamples(a: Samples, b: Samples): void {
  if (a.length === b.length && a.length > 0) return;
  const expected = "two pictures with the same number of samples";
  throw new TweedieError("size-mismatch", { what: "metric", expected, got: `${a.length} and ${b.length}` });
}
