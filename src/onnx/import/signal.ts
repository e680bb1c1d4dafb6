import { concat, constant, type Tensor } from "../../tensor/index.ts";
import { gather } from "../../tensor/ops/index.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";

/** Longest transform that is written as a product with its matrix. */
const longest = 4096;

/** cos and sin of 2πjk/n as constants [rows, columns], scaled. */
function waves(n: number, rows: number, columns: number, x: Tensor, scale: (row: number) => number) {
  const table = (f: (a: number) => number) => {
    const data = new Float64Array(rows * columns);
    for (let j = 0; j < rows; j++)
      for (let k = 0; k < columns; k++) data[j * columns + k] = scale(j) * f((2 * Math.PI * ((j * k) % n)) / n);
    return constant(x.dtype === "float64" ? data : Float32Array.from(data), [rows, columns]).cast(x.dtype);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

interface Transform {
  readonly axis: number;
  readonly length: number | undefined;
  readonly inverse: boolean;
  readonly onesided: boolean;
}

/** Discrete Fourier transform along one axis of [..., 1] (real) or [..., 2] (complex), as ONNX DFT. */
function fourier(node: OnnxNode, x: Tensor, { axis, length, inverse, onesided }: Transform): Tensor {
  const parts = x.shape[x.rank - 1];
  const given = x.shape[axis];
  const back = inverse && onesided; // from half a spectrum to a real signal
  const n = length ?? (back ? 2 * (given - 1) : given);
  if (n > longest) throw node.unsupported(`a transform of ${n} entries (at most ${longest})`);
  const used = back ? Math.floor(n / 2) + 1 : n;
  const fitted = x.pad(x.shape.map((_, i) => [0, i === axis ? used - given : 0] as const));
  const last = x.rank - 2;
  const swap = Array.from({ length: last + 1 }, (_, i) => (i === axis ? last : i === last ? axis : i));
  const part = (k: number) =>
    fitted
      .narrow(last + 1, k, 1)
      .squeeze(last + 1)
      .transpose(swap);
  const real = part(0);
  const imaginary = parts === 2 ? part(1) : undefined;
  const done = (t: Tensor) => t.transpose(swap).unsqueeze(last + 1);
  if (back) {
    // Bins other than the first (and the last of an even length) stand for themselves and their mirror image.
    const { cos, sin } = waves(n, used, n, x, (j) => (j === 0 || 2 * j === n ? 1 : 2) / n);
    const y = real.matmul(cos);
    return done(imaginary ? y.sub(imaginary.matmul(sin)) : y);
  }
  const columns = onesided ? Math.floor(n / 2) + 1 : n;
  const { cos, sin } = waves(n, n, columns, x, () => (inverse ? 1 / n : 1));
  const sign = inverse ? 1 : -1;
  const turned = (t: Tensor) => (sign > 0 ? t.matmul(sin) : t.matmul(sin).neg());
  const re = imaginary ? real.matmul(cos).sub(turned(imaginary)) : real.matmul(cos);
  const im = imaginary ? turned(real).add(imaginary.matmul(cos)) : turned(real);
  return concat([done(re), done(im)], last + 1);
}

function transform(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const axis = node.version >= 20 ? (node.optionalNumbers(2, "axis")?.[0] ?? -2) : node.attributes.int("axis", 1);
  return fourier(node, x, {
    axis: normalizeAxis("DFT", axis, x.rank),
    length: node.optionalNumbers(1, "length")?.[0],
    inverse: node.attributes.flag("inverse"),
    onesided: node.attributes.flag("onesided"),
  });
}

/** Spectra of overlapping windowed frames. */
function shortTime(node: OnnxNode): Tensor {
  const signal = node.tensor(0);
  const step = node.number(1, "frame step");
  const window = node.optional(2);
  const length = node.optionalNumbers(3, "frame length")?.[0] ?? window?.shape[0] ?? signal.shape[1];
  const frames = Math.floor((signal.shape[1] - length) / step) + 1;
  const starts = Array.from({ length: frames * length }, (_, i) => Math.floor(i / length) * step + (i % length));
  const cut = gather(signal, constant(starts, [frames, length], "int64"), 1); // [batch, frames, length, parts]
  const windowed = window ? cut.mul(window.reshape([length, 1])) : cut;
  return fourier(node, windowed, { axis: 2, length, inverse: false, onesided: node.attributes.flag("onesided", true) });
}

export const signal: Family = { DFT: transform, STFT: shortTime };
