/** In-place radix-2 FFT of `n` complex numbers at stride `step` from `at`; `n` is a power of two. */
function fftLine(re: Float64Array, im: Float64Array, n: number, at: number, step: number, sign: number): void {
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const [a, b] = [at + i * step, at + j * step];
    [re[a], re[b]] = [re[b], re[a]];
    [im[a], im[b]] = [im[b], im[a]];
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const angle = (sign * 2 * Math.PI * k) / size;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let start = k; start < n; start += size) {
        const [a, b] = [at + start * step, at + (start + half) * step];
        const [x, y] = [re[b] * c - im[b] * s, re[b] * s + im[b] * c];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** In-place two-dimensional FFT (not normalised) of a height × width array; both are powers of two. */
export function fft2(re: Float64Array, im: Float64Array, height: number, width: number, inverse = false): void {
  const sign = inverse ? 1 : -1;
  for (let i = 0; i < height; i++) fftLine(re, im, width, i * width, 1, sign);
  for (let j = 0; j < width; j++) fftLine(re, im, height, j, width, sign);
}

export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}
