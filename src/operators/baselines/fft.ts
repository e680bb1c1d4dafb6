/** A complex picture, row-major; its two parts are written in place. */
export interface Complex {
  re: Float64Array;
  im: Float64Array;
}

/** The least length of at least `n` whose only prime factors are 2, 3 and 5. */
export function fastLength(n: number): number {
  for (let m = Math.max(1, n); ; m++) if (primeFactors(m).every((r) => r <= 5)) return m;
}

function primeFactors(n: number): number[] {
  for (let r = 2; r * r <= n; r++) if (n % r === 0) return [r, ...primeFactors(n / r)];
  return n > 1 ? [n] : [];
}

/**
 * The two-dimensional discrete Fourier transform of a height × width array. The spectrum comes out transposed,
 * width × height: {@link inverseFft2} takes it back from there.
 */
export function fft2(x: Complex, height: number, width: number): Complex {
  const columns = transformRows(x, height, width, -1);
  return transformRows(transpose(columns, height, width), width, height, -1);
}

/** The inverse of {@link fft2}: a width × height spectrum to a height × width array. */
export function inverseFft2(spectrum: Complex, height: number, width: number): Complex {
  const rows = transformRows(spectrum, width, height, 1);
  const x = transformRows(transpose(rows, width, height), height, width, 1);
  const scale = 1 / (height * width);
  return { re: x.re.map((v) => v * scale), im: x.im.map((v) => v * scale) };
}

function transpose({ re, im }: Complex, height: number, width: number): Complex {
  const out = { re: new Float64Array(re.length), im: new Float64Array(im.length) };
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      out.re[j * height + i] = re[i * width + j];
      out.im[j * height + i] = im[i * width + j];
    }
  return out;
}

/**
 * Fourier transform along the first axis of n × batch (Stockham's self-sorting form, one pass for each prime factor).
 * Whole rows are combined at once, so that the inner loops are long and plain.
 */
function transformRows(x: Complex, n: number, batch: number, sign: number): Complex {
  let from: Complex = { re: x.re.slice(), im: x.im.slice() };
  let to: Complex = { re: new Float64Array(from.re.length), im: new Float64Array(from.re.length) };
  let [length, span] = [n, batch];
  for (const r of primeFactors(n)) {
    const m = length / r;
    for (let p = 0; p < m; p++)
      for (let j = 0; j < r; j++) {
        const target = (r * p + j) * span;
        for (let k = 0; k < r; k++) {
          // The twiddle of output j and the kernel of the r-point transform in one factor.
          const angle = (sign * 2 * Math.PI * ((j * (p + k * m)) % length)) / length;
          accumulate(from, (p + m * k) * span, to, target, span, Math.cos(angle), Math.sin(angle), k === 0);
        }
      }
    [from, to] = [to, from];
    length = m;
    span *= r;
  }
  return from;
}

/** target = or += (c + i s)·source, over `n` numbers. */
function accumulate(
  source: Complex,
  at: number,
  target: Complex,
  to: number,
  n: number,
  c: number,
  s: number,
  first: boolean,
): void {
  const { re, im } = source;
  const { re: outRe, im: outIm } = target;
  if (first) {
    for (let t = 0; t < n; t++) {
      outRe[to + t] = c * re[at + t] - s * im[at + t];
      outIm[to + t] = c * im[at + t] + s * re[at + t];
    }
  } else {
    for (let t = 0; t < n; t++) {
      outRe[to + t] += c * re[at + t] - s * im[at + t];
      outIm[to + t] += c * im[at + t] + s * re[at + t];
    }
  }
}
