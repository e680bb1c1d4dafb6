import { rademacher } from "../random/index.ts";
import { type Dense, dense } from "./dense.ts";

/**
 * The orthonormal Walsh–Hadamard transform in natural order (Sylvester) for n a power of two. For n = 2^a·b with an odd
 * b > 1 the Kronecker product of the transform of size 2^a with the cosine transform of size b: orthonormal for any n.
 */
export function walshHadamard(n: number): Dense {
  const odd = oddPart(n);
  const power = n / odd;
  const scale = 1 / Math.sqrt(power);
  return dense(n, n, (i, j) => {
    const sign = parity(Math.floor(i / odd) & Math.floor(j / odd)) ? -scale : scale;
    return odd === 1 ? sign : sign * cosine(odd, i % odd, j % odd);
  });
}

/**
 * A random orthonormal basis, as rows: three Walsh–Hadamard transforms with random signs before each, a stand-in for a
 * basis drawn evenly from all (Haar) that takes n² log n instead of n³ operations to make.
 */
export function randomOrthogonal(n: number, seed: number): Dense {
  const signs = [0, 1, 2].map((step) => rademacher({ seed, step, purpose: "random basis" }, n));
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = data.subarray(i * n, (i + 1) * n);
    row[i] = 1;
    for (const sign of signs) {
      for (let k = 0; k < n; k++) row[k] *= sign[k];
      transform(row);
    }
  }
  return { rows: n, columns: n, data };
}

/** {@link walshHadamard} times a vector, in place, by butterflies. */
function transform(x: Float64Array): void {
  const n = x.length;
  const odd = oddPart(n);
  if (odd > 1) {
    const cosines = dense(odd, odd, (k, i) => cosine(odd, k, i));
    const part = new Float64Array(odd);
    for (let start = 0; start < n; start += odd) {
      for (let k = 0; k < odd; k++) {
        let sum = 0;
        for (let i = 0; i < odd; i++) sum += cosines.data[k * odd + i] * x[start + i];
        part[k] = sum;
      }
      x.set(part, start);
    }
  }
  for (let half = odd; half < n; half *= 2)
    for (let start = 0; start < n; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const [a, b] = [x[i], x[i + half]];
        x[i] = (a + b) * Math.SQRT1_2;
        x[i + half] = (a - b) * Math.SQRT1_2;
      }
}

/** Entry (k, i) of the orthonormal cosine transform of size n. */
function cosine(n: number, k: number, i: number): number {
  return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n));
}

function oddPart(n: number): number {
  let odd = n;
  while (odd % 2 === 0) odd /= 2;
  return odd;
}

/** Is the number of set bits odd? */
function parity(bits: number): boolean {
  let odd = false;
  for (let rest = bits; rest > 0; rest &= rest - 1) odd = !odd;
  return odd;
}
