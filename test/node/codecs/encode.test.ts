import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { normalizeExif } from "../../../src/node/codecs/exif.ts";
import { decodeImage, encodeImage } from "../../../src/node/codecs/index.ts";
import { checkEncodable, createImage, type Image } from "../../../src/pictures/index.ts";
import { anyImage, displayP3, smoothImage } from "../../helpers/pictures.ts";

const lossless = ["png", "tiff", "webp", "avif"] as const;

function expectSamePixels(got: Image, wanted: Image): void {
  expect([got.width, got.height]).toEqual([wanted.width, wanted.height]);
  // WebP and AVIF cannot say whether a picture without colour was grey.
  const grey = wanted.channels === 3 && got.channels === 1;
  const n = wanted.width * wanted.height;
  expect(got.data).toEqual(grey ? wanted.data.slice(0, n) : wanted.data);
  if (grey) expect(wanted.data.slice(n, 2 * n)).toEqual(got.data);
  // Encoders may leave out an alpha channel that is opaque everywhere.
  if (got.alpha === undefined) expect(wanted.alpha?.every((value) => value === 1) ?? true).toBe(true);
  else expect(got.alpha).toEqual(wanted.alpha ?? new Float32Array(n).fill(1));
}

describe("encodeImage", () => {
  it.each(lossless)("gives every sample back exactly: 8-bit %s", async (format) => {
    await fc.assert(
      fc.asyncProperty(anyImage([8]), async (image) => {
        const back = await decodeImage(await encodeImage(image, { format }));
        expect(back.meta).toMatchObject({ format, bitDepth: 8 });
        expectSamePixels(back, image);
      }),
      { numRuns: 25 },
    );
  });

  it.each(["png", "tiff"] as const)("gives every sample back exactly: 16-bit %s", async (format) => {
    await fc.assert(
      fc.asyncProperty(anyImage([16]), async (image) => {
        const back = await decodeImage(await encodeImage(image, { format }));
        expect(back.meta).toMatchObject({ format, bitDepth: 16 });
        expect(back.channels).toBe(image.channels);
        expectSamePixels(back, image);
      }),
      { numRuns: 25 },
    );
  });

  it("rounds to the nearest level and clips", async () => {
    const data = Float32Array.from([-1, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1.5]);
    const back = await decodeImage(await encodeImage(createImage(5, 1, 1, data), { format: "png" }));
    expect(Array.from(back.data, (value) => Math.round(value * 255))).toEqual([0, 0, 1, 254, 255]);
  });

  it("reads the depth as the file's, not as the caller's", async () => {
    const image = smoothImage(16, 8);
    const back = await decodeImage(await encodeImage(image, { format: "png", bitDepth: 16 }));
    expect(back.meta.bitDepth).toBe(16);
    back.data.forEach((value, i) => {
      expect(value).toBeCloseTo(image.data[i], 4);
    });
    expect((await sharp(await encodeImage(back, { format: "jpeg" })).metadata()).depth).toBe("uchar");
  });

  it.each([
    ["jpeg", 8, 2],
    ["webp", 8, 3],
    ["avif", 8, 1.5],
    ["avif", 16, 0.1],
  ] as const)("stays close to the picture in lossy %s of %i bits", async (format, bitDepth, levels) => {
    const image = smoothImage(64, 48);
    const quality = bitDepth === 16 ? undefined : 90;
    const back = await decodeImage(await encodeImage(image, { format, bitDepth, quality }));
    const squares = back.data.reduce((sum, value, i) => sum + (value - image.data[i]) ** 2, 0);
    expect(255 * Math.sqrt(squares / back.data.length)).toBeLessThan(levels);
    expect(back.meta.bitDepth).toBe(bitDepth);
  });

  it.each([...lossless, "jpeg"] as const)(
    "attaches the colour profile unchanged, values untouched: %s",
    async (format) => {
      const icc = await displayP3();
      const image = smoothImage(40, 30);
      image.meta.icc = icc;
      const bytes = await encodeImage(image, { format });
      const back = await decodeImage(bytes);
      expect(back.meta.icc).toEqual(icc);
      const tolerance = format === "jpeg" ? 4 / 255 : 0;
      const worst = back.data.reduce((max, value, i) => Math.max(max, Math.abs(value - image.data[i])), 0);
      expect(worst).toBeLessThanOrEqual(tolerance);
      // A profile for colour says nothing about a grey picture.
      const grey = { ...smoothImage(8, 8, 1), meta: image.meta };
      expect((await decodeImage(await encodeImage(grey, { format }))).meta.icc).toBeUndefined();
    },
  );

  it.each(["png", "webp", "avif", "jpeg"] as const)("keeps EXIF with orientation 1: %s", async (format) => {
    const tagged = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
      .withExif({ IFD0: { Copyright: "A. Photographer" }, IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const source = await decodeImage(tagged);
    expect(source.meta.appliedOrientation).toBe(6);
    const bytes = await encodeImage(source, { format });
    const { exif, orientation } = await sharp(bytes).metadata();
    expect(orientation ?? 1).toBe(1);
    expect(exif!.includes("A. Photographer\0")).toBe(true);
    const back = await decodeImage(bytes);
    expect(back.meta.appliedOrientation).toBeUndefined();
    expect(normalizeExif(back.meta.exif!)).toEqual(back.meta.exif);
  });

  it.each(["png", "jpeg", "tiff"] as const)("keeps the density: %s", async (format) => {
    for (const density of [72, 96, 300]) {
      const image = createImage(4, 4, 3, undefined, { meta: { density } });
      expect((await decodeImage(await encodeImage(image, { format }))).meta.density).toBe(density);
    }
  });

  it.each([...lossless, "jpeg"] as const)("writes the same bytes each time: %s", async (format) => {
    const image = smoothImage(50, 40);
    expect(await encodeImage(image, { format })).toEqual(await encodeImage(image, { format }));
  });

  it("refuses what a format cannot hold, before the pixels are needed", async () => {
    const transparent = createImage(2, 1, 3, undefined, { alpha: Float32Array.of(1, 0) });
    expect(() => checkEncodable(transparent, { format: "jpeg" })).toThrow(/format with transparency.*got jpeg/);
    await expect(encodeImage(transparent, { format: "jpeg" })).rejects.toMatchObject({ code: "unsupported-format" });
    const dropped = await decodeImage(await encodeImage(transparent, { format: "jpeg", alpha: "drop" }));
    expect(dropped.alpha).toBeUndefined();
    expect(() => checkEncodable({ width: 20000, height: 1 }, { format: "webp" })).toThrow(/16383.*got 20000x1/);
    expect(() => checkEncodable({ width: 1, height: 1 }, { format: "webp", bitDepth: 16 })).toThrow(/8 bits for WEBP/);
    for (const quality of [0, 101, 1.5, Number.NaN]) {
      expect(() => checkEncodable({ width: 1, height: 1 }, { format: "jpeg", quality })).toThrow(/integer 1..100/);
    }
  });

  it("refuses samples that are not numbers", async () => {
    const image = createImage(2, 1, 1, Float32Array.of(0, Number.NaN));
    await expect(encodeImage(image, { format: "png" })).rejects.toMatchObject({
      code: "numerical-failure",
      got: "NaN",
    });
  });
});
