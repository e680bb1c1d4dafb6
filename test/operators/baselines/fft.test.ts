import { describe, expect, it } from "vitest";
import { fastLength, fft2, inverseFft2 } from "../../../src/operators/baselines/fft.ts";

describe("fft2", () => {
  it.each([
    [1, 1],
    [4, 6],
    [15, 8],
    [9, 10],
    [7, 1],
  ])("is the discrete Fourier transform of %i × %i, transposed, and has an inverse", (h, w) => {
    const re = Float64Array.from({ length: h * w }, (_, k) => Math.sin(1 + k * k));
    const im = Float64Array.from({ length: h * w }, (_, k) => Math.cos(3 * k));
    const got = fft2({ re, im }, h, w);
    for (let f = 0; f < h; f++)
      for (let g = 0; g < w; g++) {
        let [x, y] = [0, 0];
        for (let k = 0; k < h * w; k++) {
          const angle = -2 * Math.PI * ((f * Math.floor(k / w)) / h + (g * (k % w)) / w);
          x += re[k] * Math.cos(angle) - im[k] * Math.sin(angle);
          y += re[k] * Math.sin(angle) + im[k] * Math.cos(angle);
        }
        expect(got.re[g * h + f]).toBeCloseTo(x, 10);
        expect(got.im[g * h + f]).toBeCloseTo(y, 10);
      }
    const back = inverseFft2(got, h, w);
    re.forEach((v, k) => {
      expect(back.re[k]).toBeCloseTo(v, 12);
      expect(back.im[k]).toBeCloseTo(im[k], 12);
    });
  });

  it("has lengths with small factors", () => {
    expect([1, 7, 289, 300, 1025].map(fastLength)).toEqual([1, 8, 300, 300, 1080]);
  });
});
