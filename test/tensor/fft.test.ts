import { describe, expect, it } from "vitest";
import { type Complex, constant, evaluate, fft2, ifft2, irfft2, rfft2, type Tensor } from "../../src/tensor/index.ts";
import { values } from "./cases/index.ts";

/** The definition, with a fresh angle for every term. */
function naive(re: Float64Array, im: Float64Array, h: number, w: number): [Float64Array, Float64Array] {
  const out: [Float64Array, Float64Array] = [new Float64Array(h * w), new Float64Array(h * w)];
  for (let u = 0; u < h; u++)
    for (let v = 0; v < w; v++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++) {
          const angle = -2 * Math.PI * ((u * i) / h + (v * j) / w);
          const [c, s] = [Math.cos(angle), Math.sin(angle)];
          const [a, b] = [re[i * w + j], im[i * w + j]];
          out[0][u * w + v] += a * c - b * s;
          out[1][u * w + v] += a * s + b * c;
        }
  return out;
}

const run = ({ re, im }: Complex) => evaluate([re, im]).map((v) => v.data);
const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i], 10);
};
const real = (shape: number[], seed: number): Tensor =>
  constant(
    values(
      shape.reduce((a, b) => a * b),
      [-1, 1],
      seed,
    ),
    shape,
    "float32",
  );

describe.each([
  [1, 1],
  [1, 4],
  [5, 1],
  [4, 6],
  [7, 5],
  [8, 9],
])("fft2 of %i×%i", (h, w) => {
  const [re, im] = [real([h, w], 1), real([h, w], 2)];
  const [a, b] = evaluate([re, im]).map((v) => v.data);
  it("equals the definition, for real and complex input", () => {
    const zero = new Float64Array(h * w);
    naive(a, zero, h, w).forEach((part, i) => void close(run(fft2(re))[i], part));
    naive(a, b, h, w).forEach((part, i) => void close(run(fft2({ re, im }))[i], part));
  });
  it.each(["backward", "ortho", "forward"] as const)("is inverted by ifft2, norm %s", (norm) => {
    run(ifft2(fft2({ re, im }, norm), norm)).forEach((part, i) => void close(part, [a, b][i]));
    const [back, none] = run(ifft2(fft2(re, norm), norm));
    close(back, a);
    close(none, new Float64Array(h * w));
    close(evaluate([irfft2(rfft2(re, norm), w, norm)])[0].data, a);
  });
  it("has rfft2 as its left half", () => {
    const k = Math.floor(w / 2) + 1;
    const full = fft2(re, "ortho");
    run({ re: full.re.narrow(1, 0, k), im: full.im.narrow(1, 0, k) }).forEach((part, i) => {
      close(run(rfft2(re, "ortho"))[i], part);
    });
  });
  it("keeps the energy in the ortho norm", () => {
    const [p, q] = run(fft2({ re, im }, "ortho"));
    const energy = (...parts: Float64Array[]) => parts.reduce((s, x) => s + x.reduce((t, v) => t + v * v, 0), 0);
    expect(energy(p, q)).toBeCloseTo(energy(a, b), 10);
  });
});

describe("fft2", () => {
  it("gives NumPy's numbers", () => {
    // numpy.fft.fft2([[1, 2, 3], [4, 5, 7]]) = [[22, -3.5+2.5980762j, -3.5-2.5980762j], [-10, .5-.8660254j, .5+.8660254j]]
    const [re, im] = run(fft2(constant([1, 2, 3, 4, 5, 7], [2, 3])));
    close(re, [22, -3.5, -3.5, -10, 0.5, 0.5]);
    const s = Math.sqrt(3) / 2;
    close(im, [0, 3 * s, -3 * s, 0, -s, s]);
  });
  it("transforms every plane of a batch", () => {
    const x = real([2, 3, 4, 5], 3);
    const whole = run(fft2(x));
    const one = run(fft2(x.slice([1, 2], [2, 3]).reshape(4, 5)));
    whole.forEach((part, i) => void close(part.subarray(100), one[i]));
  });
});
