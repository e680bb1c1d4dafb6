/** Transforms of one length, a power of two, on contiguous buffers. */
function lineTransform(n: number, sign: number): (re: Float64Array, im: Float64Array) => void {
  const cosines = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sines = Float64Array.from({ length: n / 2 }, (_, k) => sign * Math.sin((2 * Math.PI * k) / n));
  const reversed = new Int32Array(n);
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    reversed[i] = j;
  }
  return (re, im) => {
    for (let i = 0; i < n; i++) {
      const j = reversed[i];
      if (i >= j) continue;
      const [x, y] = [re[i], im[i]];
      re[i] = re[j];
      im[i] = im[j];
      re[j] = x;
      im[j] = y;
    }
    for (let half = 1; half < n; half *= 2) {
      const stride = n / (2 * half);
      for (let start = 0; start < n; start += 2 * half)
        for (let k = 0; k < half; k++) {
          const [c, s] = [cosines[k * stride], sines[k * stride]];
          const a = start + k;
          const b = a + half;
          const x = re[b] * c - im[b] * s;
          const y = re[b] * s + im[b] * c;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
    }
  };
}

/** In-place two-dimensional radix-2 FFT of a height × width array, powers of two; the inverse divides by their product. */
export function fft2(re: Float64Array, im: Float64Array, height: number, width: number, inverse = false): void {
  const sign = inverse ? 1 : -1;
  const rows = lineTransform(width, sign);
  for (let i = 0; i < height; i++)
    rows(re.subarray(i * width, (i + 1) * width), im.subarray(i * width, (i + 1) * width));
  const columns = lineTransform(height, sign);
  const [lineRe, lineIm] = [new Float64Array(height), new Float64Array(height)];
  const scale = inverse ? 1 / (height * width) : 1;
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < height; i++) {
      lineRe[i] = re[i * width + j];
      lineIm[i] = im[i * width + j];
    }
    columns(lineRe, lineIm);
    for (let i = 0; i < height; i++) {
      re[i * width + j] = lineRe[i] * scale;
      im[i * width + j] = lineIm[i] * scale;
    }
  }
}

export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}
