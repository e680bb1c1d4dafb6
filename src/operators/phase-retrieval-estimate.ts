import { uniforms } from "../random/index.ts";
import { type Complex, fft2, inverseFft2 } from "./baselines/fft.ts";

export interface PaddedPicture {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Zeros above and below, left and right. */
  readonly down: number;
  readonly right: number;
  /** Is a picture in [0, 1] transformed, or one in [-1, 1]? */
  readonly unit: boolean;
}

/** Fienup's feedback parameter. */
const beta = 0.9;
/** Iterations for a padded picture of 10⁴ pixels, all starts and channels together: a few seconds, for larger ones fewer. */
const iterationsPer10k = 1300;
const leastIterations = 60;
/** Of each fifty iterations, the first are hybrid input-output, the last error reduction. */
const feedbackSteps = 40;
const roundLength = 50;

/** How often to begin at random, and how long to go on from each start. */
function effort({ channels, height, width, down, right }: PaddedPicture): { starts: number; iterations: number } {
  const all = (iterationsPer10k * 1e4) / ((height + 2 * down) * (width + 2 * right));
  const starts = all >= 1000 ? 4 : all >= 250 ? 2 : 1;
  const iterations = Math.floor(all / (starts + channels - 1));
  return { starts, iterations: Math.min(300, Math.max(leastIterations, iterations)) };
}

/**
 * A first guess by hybrid input-output and error reduction (Fienup, Applied Optics 21, 2758, 1982) from magnitudes
 * [C, H + 2·down, W + 2·right]: of several random starts (always the same ones) the one that explains them best. The other
 * channels start from the first one's picture, so that all are turned, moved and signed alike.
 */
export function retrievePhase(y: ArrayLike<number>, shape: PaddedPicture): Float64Array {
  const { channels, height, width, down, right, unit } = shape;
  const [h, w] = [height + 2 * down, width + 2 * right];
  const { starts, iterations } = effort(shape);
  const planes: Float64Array[] = [];
  for (let c = 0; c < channels; c++) {
    const magnitudes = Float64Array.from({ length: h * w }, (_, k) => Math.max(0, y[c * h * w + k]));
    const wanted = uncentred(magnitudes, h, w);
    const attempts = c > 0 ? [planes[0]] : Array.from({ length: starts }, (_, seed) => randomStart(shape, seed));
    const found = attempts.map((start) => search(wanted, shape, start, iterations));
    planes.push(found.reduce((best, other) => (other.misfit < best.misfit ? other : best)).picture);
  }
  return Float64Array.from(planes.flatMap((plane) => Array.from(plane, (v) => (unit ? 2 * v - 1 : v))));
}

interface Found {
  readonly picture: Float64Array;
  readonly misfit: number;
}

function randomStart({ height, width, unit }: PaddedPicture, seed: number): Float64Array {
  const draws = uniforms({ seed, purpose: "phase retrieval" }, height * width);
  return Float64Array.from(draws, (v) => (unit ? v : 2 * v - 1));
}

function search(magnitudes: Float64Array, shape: PaddedPicture, start: Float64Array, iterations: number): Found {
  const { height, width, down, right, unit } = shape;
  const [h, w] = [height + 2 * down, width + 2 * right];
  const lowest = unit ? 0 : -1;
  const inside = Uint8Array.from({ length: h * w }, (_, k) => {
    const [i, j] = [Math.floor(k / w) - down, (k % w) - right];
    return i >= 0 && i < height && j >= 0 && j < width ? 1 : 0;
  });
  let x = new Float64Array(h * w);
  for (let k = 0; k < start.length; k++) x[(Math.floor(k / width) + down) * w + (k % width) + right] = start[k];
  let misfit = Number.POSITIVE_INFINITY;
  const project = (): Float64Array => {
    const result = withMagnitudes(x, magnitudes, h, w);
    misfit = result.misfit;
    return result.picture;
  };
  const allowed = (v: number, k: number) => inside[k] === 1 && v >= lowest && v <= 1;
  for (let k = 0; k < iterations; k++) {
    const p = project();
    // Error reduction has the last word.
    const feedback = k % roundLength < feedbackSteps && k < iterations - (roundLength - feedbackSteps);
    x = feedback
      ? x.map((v, i) => (allowed(p[i], i) ? p[i] : v - beta * p[i]))
      : p.map((v, i) => (inside[i] ? Math.min(1, Math.max(lowest, v)) : 0));
  }
  const picture = Float64Array.from({ length: height * width }, (_, k) => {
    return x[(Math.floor(k / width) + down) * w + (k % width) + right];
  });
  return { picture, misfit };
}

/** The nearest picture whose (orthonormal) Fourier magnitudes are those, and how far x's own were from them. */
function withMagnitudes(x: Float64Array, magnitudes: Float64Array, h: number, w: number) {
  const z: Complex = fft2({ re: x, im: new Float64Array(x.length) }, h, w);
  const scale = Math.sqrt(h * w);
  let misfit = 0;
  for (let j = 0; j < w; j++)
    for (let i = 0; i < h; i++) {
      const at = j * h + i; // the spectrum is transposed
      const size = Math.hypot(z.re[at], z.im[at]);
      const wanted = scale * magnitudes[i * w + j];
      misfit += (size - wanted) ** 2;
      const factor = size > 0 ? wanted / size : 0;
      z.re[at] = size > 0 ? z.re[at] * factor : wanted;
      z.im[at] *= factor;
    }
  return { picture: inverseFft2(z, h, w).re, misfit };
}

/** From frequency 0 in the middle to frequency 0 first. */
function uncentred(x: Float64Array, h: number, w: number): Float64Array {
  const [ci, cj] = [Math.floor(h / 2), Math.floor(w / 2)];
  return x.map((_, k) => x[((Math.floor(k / w) + ci) % h) * w + (((k % w) + cj) % w)]);
}
