import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeImage, encodeImage } from "../../src/node/codecs/index.ts";
import { readImage, readMask } from "../../src/node/pictures.ts";
import { alphaMask, createImage, createMask, maskFromImage, maskImage } from "../../src/pictures/index.ts";
import { shared } from "../helpers/shared.ts";

const image = (width: number, height: number, channels: 1 | 3, levels: number[], opacity?: number[]) => {
  const scaled = (values: number[]) => Float32Array.from(values, (value) => value / 255);
  return createImage(width, height, channels, scaled(levels), { alpha: opacity && scaled(opacity) });
};

describe("maskFromImage", () => {
  it("takes white as missing, from one half of the luminance on", () => {
    const mask = maskFromImage(image(4, 1, 1, [0, 127, 128, 255]), 4, 1);
    expect([...mask.known]).toEqual([1, 1, 0, 0]);
    expect(mask.missing).toBe(2);
    // Red, green, blue, white: only green and white are bright enough.
    const colours = image(4, 1, 3, [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
    expect([...maskFromImage(colours, 4, 1).known]).toEqual([1, 0, 1, 0]);
  });

  it("takes transparent parts as black, whatever colour they hide", () => {
    const mask = maskFromImage(image(3, 1, 1, [255, 255, 255], [255, 0, 127]), 3, 1);
    expect([...mask.known]).toEqual([0, 1, 1]);
  });

  it("names both sizes when they differ", () => {
    const mask = image(2, 3, 1, [0, 0, 0, 0, 0, 0]);
    expect(() => maskFromImage(mask, 3, 2, "mask.png")).toThrow(
      expect.objectContaining({ code: "size-mismatch", got: "2x3" }),
    );
    expect(() => maskFromImage(mask, 3, 2, "mask.png")).toThrow(
      /mask\.png: expected a mask of the picture's size 3x2, got 2x3/,
    );
  });

  it("gives back any mask that was written as a picture", async () => {
    const anyMask = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .chain(([width, height]) =>
        fc
          .array(fc.integer({ min: 0, max: 1 }), { minLength: width * height, maxLength: width * height })
          .map((known) => createMask(width, height, Uint8Array.from(known)))
          .filter(({ missing }) => missing > 0),
      );
    await fc.assert(
      fc.asyncProperty(anyMask, async (mask) => {
        const bytes = await encodeImage(maskImage(mask), { format: "png" });
        expect(maskFromImage(await decodeImage(bytes), mask.width, mask.height)).toEqual(mask);
      }),
      { numRuns: 30 },
    );
  });
});

describe("masks that mark in another way", () => {
  const strokes = [0, 1, 0, 0, 0, 0, 0, 0];
  const known = strokes.map((v) => 1 - v);
  const levels = (of: (mark: number) => number) => strokes.map(of);

  it.each([
    [
      "holes in black",
      image(
        8,
        1,
        1,
        levels(() => 0),
        levels((v) => 255 - 255 * v),
      ),
      /transparent holes \(12.5%\)/,
    ],
    [
      "black strokes on a layer",
      image(
        8,
        1,
        1,
        levels(() => 0),
        levels((v) => 255 * v),
      ),
      /strokes on a transparent/,
    ],
    ["labels 0 and 1", image(8, 1, 1, strokes), /labels 1 \(12.5%\) count as missing/],
  ])("understands %s and says so", (_, file, reading) => {
    const mask = maskFromImage(file, 8, 1, "m.png");
    expect([...mask.known]).toEqual(known);
    expect(mask.reading).toMatch(reading);
  });

  it("says how every pixel was counted when nothing is marked", () => {
    const red = image(4, 1, 3, [255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(() => maskFromImage(red, 4, 1, "m.png")).toThrow(
      "m.png: expected a mask in which white marks what is missing, got none: 75.0% black, 25.0% colour, 0.0% transparent, 0% white",
    );
    // Half of it transparent: marks and surroundings cannot be told apart.
    const half = image(4, 1, 1, [0, 0, 0, 0], [0, 0, 255, 255]);
    expect(() => maskFromImage(half, 4, 1)).toThrow(expect.objectContaining({ code: "invalid-option" }));
    expect(() => maskFromImage(image(4, 1, 1, [0, 1, 2, 3]), 4, 1)).toThrow(/100.0% black/);
  });

  const right = shared("cases/mask.png");
  it.skipIf(!right.present).each(["mask_holes", "mask_red", "mask_blacklayer"])(
    "reads %s.png as mask.png",
    async (name) => {
      const { width, height } = await readImage(right.path);
      const mask = await readMask(shared(`cases/${name}.png`).path, width, height);
      expect(mask.known).toEqual((await readMask(right.path, width, height)).known);
      expect(mask.missing).toBe(1457);
      expect(mask.reading).toMatch(/count as missing/);
    },
  );
});

describe("alphaMask", () => {
  it("takes transparent pixels as missing", () => {
    const half = createImage(4, 1, 1, undefined, { alpha: Float32Array.of(0, 0.49, 0.5, 1) });
    expect([...alphaMask(half)!.known]).toEqual([0, 0, 1, 1]);
    expect(alphaMask(createImage(4, 1, 1))).toBeUndefined();
  });
});
