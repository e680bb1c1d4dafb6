import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeImage } from "../../src/images/encode.ts";
import { createImage } from "../../src/images/image.ts";
import { readKernel } from "../../src/images/kernel.ts";
import { anyImage } from "./fixtures.ts";

describe("readKernel", () => {
  it("is proportional to the grey values and sums to one", async () => {
    const kernel = await readKernel(
      await encodeImage(createImage(2, 2, 1, Float32Array.of(0, 1 / 255, 1 / 255, 2 / 255)), { format: "png" }),
    );
    expect(kernel).toMatchObject({ width: 2, height: 2 });
    [0, 0.25, 0.25, 0.5].forEach((value, i) => {
      expect(kernel.data[i]).toBeCloseTo(value, 7);
    });
    await fc.assert(
      fc.asyncProperty(anyImage(), async (image) => {
        image.data[0] = 1;
        const { data } = await readKernel(await encodeImage(image, { format: "png" }));
        expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a black picture", async () => {
    const black = await encodeImage(createImage(5, 5, 1), { format: "png" });
    await expect(readKernel(black)).rejects.toMatchObject({ code: "invalid-operator" });
    await expect(readKernel(black)).rejects.toThrow(/kernel: expected a kernel with a sum above zero, got .* black/);
  });
});
