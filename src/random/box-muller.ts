// Logarithm, sine and cosine are spelled out in additions, multiplications, one division and square roots, which IEEE 754
// fixes to the last bit: `Math.log` and its kin may differ between JavaScript engines.

/** artanh s / s in s², |s| < 0.172. */
export const LOGARITHM = Array.from({ length: 10 }, (_, k) => 1 / (2 * k + 1));
/** sin t / t in t², |t| ≤ π/4: Taylor to t^15. */
export const SINE = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000];
/** cos t in t²: Taylor to t^16. */
export const COSINE = [
  1,
  -1 / 2,
  1 / 24,
  -1 / 720,
  1 / 40320,
  -1 / 3628800,
  1 / 479001600,
  -1 / 87178291200,
  1 / 20922789888000,
];

const HALF_PI = Math.PI / 2;
const POWERS = Float64Array.from({ length: 34 }, (_, k) => 2 ** (1 - k)); // POWERS[k + 1] = 2^-k

/**
 * Box & Muller 1958: each pair of words (a, b) gives √(-2 ln u)·cos 2πv and √(-2 ln u)·sin 2πv with u = (a + 1/2) / 2^32 and
 * v = (b + 1/2) / 2^32. Absolute error below 1e-14, largest magnitude 6.77.
 * @param words an even number of 32-bit words
 * @param out as many numbers
 */
export function boxMuller(words: Uint32Array, out: Float32Array | Float64Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const radius = Math.sqrt(minusLog(words[i])); // = √(-2 ln u)·√½; the √½ belongs to the angle below
    const word = words[i + 1];
    // The angle is quadrant·π/2 + π/4 + t with |t| < π/4; √2·cos(π/4 + t) = cos t - sin t, √2·sin(π/4 + t) = cos t + sin t.
    const t = (((word & 0x3fffffff) + 0.5) * 2 ** -30 - 0.5) * HALF_PI;
    const z = t * t;
    const s = t * polynomial(SINE, z);
    const c = polynomial(COSINE, z);
    const x = radius * (c - s);
    const y = radius * (c + s);
    const quadrant = word >>> 30;
    const odd = quadrant & 1;
    const sign = quadrant & 2 ? -1 : 1;
    out[i] = sign * (odd ? -y : x);
    out[i + 1] = sign * (odd ? x : y);
  }
}

/** -ln((word + 1/2) / 2^32). */
function minusLog(word: number): number {
  let exponent = 31 - Math.clz32(word);
  let m = (word + 0.5) * POWERS[exponent + 1]; // in [1, 2)
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent++;
  }
  // ln m = 2 artanh s, |s| < 0.172.
  const s = (m - 1) / (m + 1);
  return (32 - exponent) * Math.LN2 - 2 * s * polynomial(LOGARITHM, s * s);
}

function polynomial(coefficients: readonly number[], z: number): number {
  let sum = coefficients[coefficients.length - 1];
  for (let k = coefficients.length - 2; k >= 0; k--) sum = coefficients[k] + z * sum;
  return sum;
}
