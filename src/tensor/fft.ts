import type { DType } from "./dtype.ts";
import { concat } from "./ops/slice.ts";
import { constant } from "./ops/source.ts";
import { sameShape, shapeError, show } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A complex tensor as two real ones of one shape. */
export interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

/** Where the factor 1/(h·w) stands (NumPy): `backward` on the inverse, `forward` on the transform, `ortho` half on each. */
export type FftNorm = "backward" | "ortho" | "forward";

// ONNX Runtime's DFT is eight times slower than the transform as real matrix products, which have derivatives besides.

const cache = new Map<string, WeakRef<Tensor>>();

function cached(key: string, make: () => Tensor): Tensor {
  const found = cache.get(key)?.deref();
  if (found) return found;
  const made = make();
  cache.set(key, new WeakRef(made));
  return made;
}

/** cos and sin of 2π·j·k/n, exact in the argument: j·k is reduced modulo n first. */
function angles(n: number): { cos: Float64Array; sin: Float64Array } {
  const turn = Float64Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
  return { cos: turn.map(Math.cos), sin: turn.map(Math.sin) };
}

/** [w, 2k]: right factor that maps real rows to `k` frequencies, real parts first. `sign` -1 is the forward transform. */
function realRight(w: number, k: number, sign: 1 | -1, dtype: DType): Tensor {
  return cached(`right ${w} ${k} ${sign} ${dtype}`, () => {
    const { cos, sin } = angles(w);
    const data = new Float64Array(w * 2 * k);
    for (let i = 0; i < w; i++)
      for (let j = 0; j < k; j++) {
        data[i * 2 * k + j] = cos[(i * j) % w];
        data[i * 2 * k + k + j] = sign * sin[(i * j) % w];
      }
    return constant(data, [w, 2 * k], dtype);
  });
}

/** [2n, 2n] = [[cos, -s·sin], [s·sin, cos]]: multiplies stacked [re; im] columns by the complex DFT matrix. */
function block(n: number, sign: 1 | -1, dtype: DType): Tensor {
  return cached(`block ${n} ${sign} ${dtype}`, () => {
    const { cos, sin } = angles(n);
    const m = 2 * n;
    const data = new Float64Array(m * m);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [c, s] = [cos[(i * j) % n], sign * sin[(i * j) % n]];
        data[i * m + j] = c;
        data[i * m + n + j] = -s;
        data[(n + i) * m + j] = s;
        data[(n + i) * m + n + j] = c;
      }
    return constant(data, [m, m], dtype);
  });
}

/** [2k, w]: maps half spectra [re, im] of real rows back to the rows; inner frequencies count twice. */
function halfInverse(w: number, dtype: DType): Tensor {
  return cached(`half ${w} ${dtype}`, () => {
    const { cos, sin } = angles(w);
    const k = Math.floor(w / 2) + 1;
    const data = new Float64Array(2 * k * w);
    for (let j = 0; j < k; j++)
      for (let i = 0; i < w; i++) {
        const twice = j === 0 || 2 * j === w ? 1 : 2;
        data[j * w + i] = twice * cos[(i * j) % w];
        data[(k + j) * w + i] = -twice * sin[(i * j) % w];
      }
    return constant(data, [2 * k, w], dtype);
  });
}

function factor(norm: FftNorm, inverse: boolean, n: number): number {
  if (norm === "ortho") return 1 / Math.sqrt(n);
  return (norm === "backward") === inverse ? 1 / n : 1;
}

const last = (x: Tensor, k: number): Complex => ({ re: x.narrow(-1, 0, k), im: x.narrow(-1, k, k) });
const scaled = ({ re, im }: Complex, f: number): Complex => (f === 1 ? { re, im } : { re: re.mul(f), im: im.mul(f) });

function checkRank(name: string, x: Tensor): void {
  if (x.rank < 2) throw shapeError(name, "an input of rank 2 or more", show(x.shape));
}

function checkPair(name: string, { re, im }: Complex): void {
  checkRank(name, re);
  if (!sameShape(re.shape, im.shape))
    throw shapeError(name, "real and imaginary parts of one shape", `${show(re.shape)} and ${show(im.shape)}`);
}

/** The transform of the axis before the last. */
function columns({ re, im }: Complex, sign: 1 | -1): Complex {
  const h = re.shape[re.rank - 2];
  const stacked = block(h, sign, re.dtype).matmul(concat([re, im], -2));
  return { re: stacked.narrow(-2, 0, h), im: stacked.narrow(-2, h, h) };
}

function complexRows({ re, im }: Complex, sign: 1 | -1): Complex {
  const w = re.shape[re.rank - 1];
  // A row [re, im] times the transposed block matrix; the DFT matrix is symmetric, so that is the block with -sign.
  return last(concat([re, im], -1).matmul(block(w, -sign as 1 | -1, re.dtype)), w);
}

/**
 * Discrete Fourier transform of the last two axes (NumPy `fft2`), for real or complex input of any size, as two real
 * matrix products. Differentiable to any order.
 */
export function fft2(x: Tensor | Complex, norm: FftNorm = "backward"): Complex {
  if ("re" in x) return complex2("fft2", x, -1, factor(norm, false, area(x.re)));
  checkRank("fft2", x);
  const w = x.shape[x.rank - 1];
  const rows = last(x.matmul(realRight(w, w, -1, x.dtype)), w);
  return scaled(columns(rows, -1), factor(norm, false, area(x)));
}

/** Inverse of {@link fft2}. For the real result of a Hermitian spectrum use its `re`. */
export function ifft2(x: Tensor | Complex, norm: FftNorm = "backward"): Complex {
  if ("re" in x) return complex2("ifft2", x, 1, factor(norm, true, area(x.re)));
  checkRank("ifft2", x);
  const w = x.shape[x.rank - 1];
  const rows = last(x.matmul(realRight(w, w, 1, x.dtype)), w);
  return scaled(columns(rows, 1), factor(norm, true, area(x)));
}

function complex2(name: string, x: Complex, sign: 1 | -1, f: number): Complex {
  checkPair(name, x);
  return scaled(columns(complexRows(x, sign), sign), f);
}

function area(x: Tensor): number {
  return x.shape.slice(-2).reduce((a, b) => a * b, 1);
}

/** The half spectrum [..., h, floor(w/2) + 1] of a real picture (NumPy `rfft2`): half the work of {@link fft2}. */
export function rfft2(x: Tensor, norm: FftNorm = "backward"): Complex {
  checkRank("rfft2", x);
  const k = Math.floor(x.shape[x.rank - 1] / 2) + 1;
  const rows = last(x.matmul(realRight(x.shape[x.rank - 1], k, -1, x.dtype)), k);
  return scaled(columns(rows, -1), factor(norm, false, area(x)));
}

/** Inverse of {@link rfft2}: the real picture of width `width` (NumPy `irfft2`). */
export function irfft2(x: Complex, width: number, norm: FftNorm = "backward"): Tensor {
  checkPair("irfft2", x);
  const k = Math.floor(width / 2) + 1;
  if (x.re.shape[x.re.rank - 1] !== k)
    throw shapeError("irfft2", `${k} frequencies for a width of ${width}`, show(x.re.shape));
  const h = x.re.shape[x.re.rank - 2];
  const { re, im } = columns(x, 1);
  return concat([re, im], -1)
    .matmul(halfInverse(width, re.dtype))
    .mul(factor(norm, true, h * width));
}
