// Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, table 2).
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a bijection of the
 * 128-bit counter `(c0, c1, c2, c3)` for each 64-bit key `(k0, k1)`, written to `out[at .. at + 3]`.
 */
export function philox4x32(
  out: Uint32Array,
  at: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    // High and low words of the 64-bit products. The low one is exact by imul; the double product is within 2^11 of the
    // true one, so that (product - low) / 2^32 rounds to the exact high word.
    const low0 = Math.imul(M0, c0) >>> 0;
    const low1 = Math.imul(M1, c2) >>> 0;
    const high0 = ((M0 * c0 - low0) * 2 ** -32 + 0.5) >>> 0;
    const high1 = ((M1 * c2 - low1) * 2 ** -32 + 0.5) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
