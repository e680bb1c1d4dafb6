import { normals } from "./numbers.ts";
import { type Stream, words } from "./stream.ts";

/** Above this rate the normal approximation with its first correction is as good as float32. */
const largeRate = 500;

/**
 * One Poisson count for each rate. Count i depends on the stream's name, on i and on rate i alone. Rates up to 500: the
 * distribution function inverted at a uniform of 53 bits; larger ones: λ + √λ z + (z² − 1)/6 rounded, z normal (Cornish and
 * Fisher), whose distribution is off by O(1/λ). Only +, −, ×, / and √, so that every machine gives the same counts.
 */
export function poisson(stream: Stream, rates: ArrayLike<number>): Float64Array {
  const n = rates.length;
  const source = words(stream, Math.ceil(n / 2));
  const out = new Float64Array(n);
  let large: Float32Array | undefined;
  for (let i = 0; i < n; i++) {
    const rate = rates[i];
    if (rate <= largeRate) {
      out[i] = invert(rate, (source[2 * i] * 2 ** 21 + (source[2 * i + 1] >>> 11) + 0.5) * 2 ** -53);
      continue;
    }
    large ??= normals({ ...stream, purpose: `${stream.purpose}, large rates` }, n);
    const z = large[i];
    out[i] = Math.max(0, Math.round(rate + Math.sqrt(rate) * z + (z * z - 1) / 6));
  }
  return out;
}

function invert(rate: number, u: number): number {
  let p = expMinus(rate);
  let sum = p;
  let k = 0;
  // Far in the tail the sum may stop short of u by rounding: then p has vanished.
  while (sum < u && p > 0) {
    k++;
    p *= rate / k;
    if (k > rate && p < 1e-18) break;
    sum += p;
  }
  return k;
}

/** e^{-x} for 0 ≤ x ≤ 700. */
function expMinus(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  let series = 1;
  for (let k = 20; k >= 1; k--) series = 1 - (rest / k) * series;
  let power = 1;
  for (let base = 0.36787944117144233, n = whole; n > 0; n = Math.floor(n / 2), base *= base)
    if (n % 2 === 1) power *= base;
  return series * power;
}
