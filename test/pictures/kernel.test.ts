import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createImage, kernelFromImage } from "../../src/pictures/index.ts";
import { anyImage } from "../helpers/pictures.ts";

describe("kernelFromImage", () => {
  it("is proportional to the grey values and sums to one", () => {
    const kernel = kernelFromImage(createImage(2, 2, 1, Float32Array.of(0, 1 / 255, 1 / 255, 2 / 255)));
    expect(kernel).toMatchObject({ width: 2, height: 2 });
    [0, 0.25, 0.25, 0.5].forEach((value, i) => {
      expect(kernel.data[i]).toBeCloseTo(value, 7);
    });
    fc.assert(
      fc.property(anyImage(), (image) => {
        image.data[0] = 1;
        const { data } = kernelFromImage(image);
        expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a black picture", () => {
    const black = createImage(5, 5, 1);
    expect(() => kernelFromImage(black)).toThrow(expect.objectContaining({ code: "invalid-operator" }));
    expect(() => kernelFromImage(black)).toThrow(/kernel: expected a kernel with a sum above zero, got .* black/);
  });
});
