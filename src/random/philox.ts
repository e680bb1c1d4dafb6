// Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, table 2); the multipliers also as 16-bit halves.
export const M0 = 0xd2511f53;
export const M1 = 0xcd9e8d57;
export const W0 = 0x9e3779b9;
export const W1 = 0xbb67ae85;
const LOW = 0xffff;
const M0_LOW = M0 & LOW;
const M0_HIGH = M0 >>> 16;
const M1_LOW = M1 & LOW;
const M1_HIGH = M1 >>> 16;

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
    // The high words of M0·c0 and M1·c2, by schoolbook multiplication of 16-bit halves; no partial sum exceeds 32 bits.
    const low0 = c0 & LOW;
    const low1 = c2 & LOW;
    const high0 = c0 >>> 16;
    const high1 = c2 >>> 16;
    const middle0 = (Math.imul(high0, M0_LOW) + (Math.imul(low0, M0_LOW) >>> 16)) | 0;
    const middle1 = (Math.imul(high1, M1_LOW) + (Math.imul(low1, M1_LOW) >>> 16)) | 0;
    const cross0 = (Math.imul(low0, M0_HIGH) + (middle0 & LOW)) | 0;
    const cross1 = (Math.imul(low1, M1_HIGH) + (middle1 & LOW)) | 0;
    const top0 = (Math.imul(high0, M0_HIGH) + (middle0 >>> 16) + (cross0 >>> 16)) | 0;
    const top1 = (Math.imul(high1, M1_HIGH) + (middle1 >>> 16) + (cross1 >>> 16)) | 0;
    const bottom0 = Math.imul(M0, c0);
    const bottom1 = Math.imul(M1, c2);
    c0 = top1 ^ c1 ^ k0;
    c1 = bottom1;
    c2 = top0 ^ c3 ^ k1;
    c3 = bottom0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
