import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeImage } from "../../src/images/encode.ts";
import { createImage } from "../../src/images/image.ts";
import { alphaMask, createMask, knownWeights, maskImage, readMask } from "../../src/images/mask.ts";
import { scratchFolder } from "./fixtures.ts";

const file = (width: number, height: number, channels: 1 | 3, levels: number[], opacity?: number[]) => {
  const scaled = (values: number[]) => Float32Array.from(values, (value) => value / 255);
  const alpha = opacity && scaled(opacity);
  return encodeImage(createImage(width, height, channels, scaled(levels), { alpha }), { format: "png" });
};

describe("readMask", () => {
  it("takes white as missing, from one half of the luminance on", async () => {
    const mask = await readMask(await file(4, 1, 1, [0, 127, 128, 255]), 4, 1);
    expect([...mask.missing]).toEqual([0, 0, 1, 1]);
    expect(mask.count).toBe(2);
    // Red, green, blue, white: only green and white are bright enough.
    const colours = await file(4, 1, 3, [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
    expect([...(await readMask(colours, 4, 1)).missing]).toEqual([0, 1, 0, 1]);
  });

  it("takes transparent parts as black, whatever colour they hide", async () => {
    const mask = await readMask(await file(3, 1, 1, [255, 255, 255], [255, 0, 127]), 3, 1);
    expect([...mask.missing]).toEqual([1, 0, 0]);
  });

  it("names both sizes when they differ", async () => {
    const path = join(await scratchFolder(), "mask.png");
    await writeFile(path, await file(2, 3, 1, [0, 0, 0, 0, 0, 0]));
    await expect(readMask(path, 3, 2)).rejects.toMatchObject({ code: "size-mismatch", got: "2x3" });
    await expect(readMask(path, 3, 2)).rejects.toThrow(/mask\.png: expected a mask of the picture's size 3x2, got 2x3/);
  });

  it("gives back any mask that was written as a picture", async () => {
    const anyMask = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .chain(([width, height]) =>
        fc
          .array(fc.integer({ min: 0, max: 1 }), { minLength: width * height, maxLength: width * height })
          .map((missing) => createMask(width, height, Uint8Array.from(missing))),
      );
    await fc.assert(
      fc.asyncProperty(anyMask, async (mask) => {
        const bytes = await encodeImage(maskImage(mask), { format: "png" });
        expect(await readMask(bytes, mask.width, mask.height)).toEqual(mask);
      }),
      { numRuns: 30 },
    );
  });
});

describe("alphaMask", () => {
  it("takes transparent pixels as missing", () => {
    const image = createImage(4, 1, 1, undefined, { alpha: Float32Array.of(0, 0.49, 0.5, 1) });
    expect([...alphaMask(image)!.missing]).toEqual([1, 1, 0, 0]);
    expect(alphaMask(createImage(4, 1, 1))).toBeUndefined();
  });
});

describe("knownWeights", () => {
  it("is one where the picture is known, in every channel", () => {
    expect([...knownWeights(createMask(2, 1, Uint8Array.of(1, 0)), 3)]).toEqual([0, 1, 0, 1, 0, 1]);
  });
});
