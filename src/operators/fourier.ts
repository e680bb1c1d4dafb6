import { constant, type PadMode, padIndices, parameter, type Tensor } from "../tensor/index.ts";
import { type Dense, dense, matrixConstant, onBothAxes, product, transposed } from "./dense.ts";
import type { Kernel } from "./kernel.ts";

/**
 * The real Fourier basis of an axis of `n` pixels, orthonormal: K = ⌊n/2⌋ + 1 cosine rows, then K sine rows, of which
 * those that vanish (frequency 0, and n/2 for even n) stay as zero rows so that sines lie beside their cosines.
 */
export function fourierBasis(n: number): Dense {
  const k = frequencies(n);
  return dense(2 * k, n, (row, p) => {
    const f = row % k;
    const edge = isEdge(f, n);
    if (row >= k && edge) return 0;
    const angle = (2 * Math.PI * ((f * p) % n)) / n;
    return Math.sqrt((edge ? 1 : 2) / n) * (row < k ? Math.cos(angle) : Math.sin(angle));
  });
}

export const frequencies = (n: number) => Math.floor(n / 2) + 1;
/** Frequencies without a sine. */
export const isEdge = (f: number, n: number) => f === 0 || 2 * f === n;

/** Fourier coefficients of a picture, [N, C, 2 K_h, 2 K_w]: blocks cos·cos, cos·sin, sin·cos, sin·sin. */
export interface FourierPair {
  readonly height: number;
  readonly width: number;
  forward(x: Tensor): Tensor;
  inverse(z: Tensor): Tensor;
}

/**
 * Forward and inverse transforms as two matrix products each (an order faster in ONNX Runtime than its DFT). `rows` and
 * `columns` say how the picture is extended before the transform; the inverse cuts the extension off again.
 */
export function fourierPair(rows: Extension, columns: Extension): FourierPair {
  const [fh, fw] = [fourierBasis(rows.length), fourierBasis(columns.length)];
  const into = (basis: Dense, { length, source, size }: Extension) =>
    source ? product(basis, extensionMatrix(length, size, source)) : basis;
  const out = (basis: Dense, size: number) => dense(size, basis.rows, (i, j) => basis.data[j * basis.columns + i]);
  const forward = [matrixConstant(into(fh, rows)), matrixConstant(transposed(into(fw, columns)))] as const;
  const inverse = [matrixConstant(out(fh, rows.size)), matrixConstant(transposed(out(fw, columns.size)))] as const;
  return {
    height: rows.length,
    width: columns.length,
    forward: (x) => onBothAxes(x, ...forward),
    inverse: (z) => onBothAxes(z, ...inverse),
  };
}

/** An axis of `size` pixels extended to a period of `length`: position p holds pixel `source[p]` (-1: mid grey). */
export interface Extension {
  readonly size: number;
  readonly length: number;
  /** Absent: the axis is its own period. */
  readonly source?: readonly number[];
}

/** What a convolution with `taps` taps needs of the outside, laid out so that pixel 0 stays at position 0. */
export function extend(size: number, taps: number, mode: PadMode): Extension {
  if (mode === "circular") return { size, length: size };
  const after = Math.floor(taps / 2);
  const before = taps - 1 - after;
  // A zero border can serve both sides; a mirrored one needs room for each.
  const length = size + (mode === "constant" ? Math.max(before, after) : before + after);
  const padded = padIndices(size, before, after, mode);
  const source = Array.from({ length }, (_, p) => {
    if (p < size + after) return padded[p + before] ?? -1;
    return p >= length - before ? padded[p - length + before] : -1;
  });
  return { size, length, source };
}

function extensionMatrix(length: number, size: number, source: readonly number[]): Dense {
  return dense(length, size, (p, i) => (source[p] === i ? 1 : 0));
}

/** A complex transfer function at the frequencies (f_h, f_w) and (f_h, -f_w), f ≥ 0: [K_h, K_w] each, row-major. */
export interface Transfer {
  readonly plus: Complex;
  readonly minus: Complex;
}

export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The transfer function of a kernel on a periodic picture of height × width. */
export function transferOf(kernel: Kernel, height: number, width: number): Transfer {
  const [kh, kw] = [frequencies(height), frequencies(width)];
  const [ci, cj] = [Math.floor(kernel.height / 2), Math.floor(kernel.width / 2)];
  const phase = (f: number, p: number, n: number) => (-2 * Math.PI * ((f * p) % n)) / n;
  const blank = (): Complex => ({ re: new Float64Array(kh * kw), im: new Float64Array(kh * kw) });
  const [plus, minus] = [blank(), blank()];
  for (let i = 0; i < kernel.height; i++) {
    const vertical = Array.from({ length: kh }, (_, f) => phase(f, i - ci, height));
    const [cosines, sines] = [vertical.map(Math.cos), vertical.map(Math.sin)];
    for (let g = 0; g < kw; g++) {
      let [re, im] = [0, 0];
      for (let j = 0; j < kernel.width; j++) {
        const v = kernel.data[i * kernel.width + j];
        if (v === 0) continue;
        re += v * Math.cos(phase(g, j - cj, width));
        im += v * Math.sin(phase(g, j - cj, width));
      }
      for (let f = 0; f < kh; f++) {
        const [c, s, at] = [cosines[f], sines[f], f * kw + g];
        plus.re[at] += c * re - s * im;
        plus.im[at] += c * im + s * re;
        minus.re[at] += c * re + s * im;
        minus.im[at] += s * re - c * im;
      }
    }
  }
  // What rounding leaves of a symmetric kernel's imaginary part would be a phase where the real part is small.
  for (const part of [plus.re, plus.im, minus.re, minus.im])
    part.forEach((v, k) => {
      if (Math.abs(v) < 1e-14) part[k] = 0;
    });
  return { plus, minus };
}

/** Applies `f` to each coefficient. */
export function mapTransfer({ plus, minus }: Transfer, f: (re: number, im: number) => [number, number]): Transfer {
  const map = ({ re, im }: Complex): Complex => {
    const out = { re: new Float64Array(re.length), im: new Float64Array(re.length) };
    re.forEach((v, k) => {
      [out.re[k], out.im[k]] = f(v, im[k]);
    });
    return out;
  };
  return { plus: map(plus), minus: map(minus) };
}

/**
 * Multiplication by a transfer function T in the coordinates of a {@link FourierPair}. With A± = CC ∓ SS and
 * B± = SC ± CS the complex coefficient at (f_h, ±f_w) is A± - iB±; written back into the four blocks the product is a
 * weighted sum of the coefficients and of the same with cosine and sine exchanged along either axis or both.
 */
export function transferMap(transfer: Transfer, height: number, width: number): (z: Tensor) => Tensor {
  const [kh, kw] = [frequencies(height), frequencies(width)];
  const { plus, minus } = transfer;
  const half = (a: Float64Array, b: Float64Array, sign: number) => a.map((v, k) => (v + sign * b[k]) / 2);
  const p = half(plus.re, minus.re, 1);
  const q = half(plus.re, minus.re, -1);
  const r = half(plus.im, minus.im, 1);
  const t = half(plus.im, minus.im, -1);
  const weights = (values: Float64Array, signs: readonly [number, number, number, number]): Tensor | undefined => {
    if (values.every((v) => Math.abs(v) < 1e-12)) return undefined; // a symmetric kernel, up to rounding
    const data = new Float64Array(4 * kh * kw);
    for (let a = 0; a < 2; a++)
      for (let i = 0; i < kh; i++)
        for (let b = 0; b < 2; b++)
          for (let j = 0; j < kw; j++) data[((a * kh + i) * 2 + b) * kw + j] = signs[2 * a + b] * values[i * kw + j];
    return parameter(data, [1, 1, 2, kh, 2, kw], "float32");
  };
  // Signs by block CC, CS, SC, SS: CC' = p CC - q SS + r SC + t CS and so on; rows are exchanged after weighting.
  const own = weights(p, [1, 1, 1, 1]);
  const columns = weights(t, [1, -1, 1, -1]);
  const rows = weights(r, [-1, -1, 1, 1]);
  const both = weights(q, [1, -1, -1, 1]);
  return (z) => {
    const [n, c] = z.shape;
    const blocks = z.reshape(n, c, 2, kh, 2, kw);
    const exchanged = columns || both ? blocks.flip(4) : blocks;
    const straight = sum(own && blocks.mul(own), columns && exchanged.mul(columns));
    const crossed = sum(rows && blocks.mul(rows), both && exchanged.mul(both));
    const result = sum(straight, crossed?.flip(2)) ?? blocks.mul(0);
    return result.reshape(z.shape);
  };
}

function sum(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a && b ? a.add(b) : (a ?? b);
}

/**
 * Multiplication by a real transfer function given as tensors at (f_h, ±f_w), [1 or N, 1, K_h, K_w] each: what a map
 * whose eigenvalues are computed in the graph needs.
 */
export function realTransfer(z: Tensor, plus: Tensor, minus: Tensor): Tensor {
  const [n, c] = z.shape;
  const [batch, , kh, kw] = plus.shape;
  const blocks = z.reshape(n, c, 2, kh, 2, kw);
  const signs = constant([-1, 1, 1, -1], [2, 1, 2, 1], "float32");
  const weight = (x: Tensor) => x.mul(0.5).reshape(batch, 1, 1, kh, 1, kw);
  const mixed = blocks.flip([2, 4]).mul(weight(plus.sub(minus)).mul(signs));
  return blocks
    .mul(weight(plus.add(minus)))
    .add(mixed)
    .reshape(z.shape);
}
