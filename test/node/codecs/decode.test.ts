import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeImage, encodeImage } from "../../../src/node/codecs/index.ts";
import { insertChunks } from "../../../src/node/codecs/png.ts";
import { readImage } from "../../../src/node/pictures.ts";
import { scratchFolder, smoothImage } from "../../helpers/pictures.ts";

let folder: string;
beforeAll(async () => {
  folder = await scratchFolder();
});

/** A PNG made by hand: header fields and raw scan lines (filter byte first). */
function png(width: number, height: number, depth: number, colour: number, lines: Uint8Array, palette?: Uint8Array) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, 0], 8);
  const chunks: [string, Uint8Array][] = [["IHDR", header]];
  if (palette) chunks.push(["PLTE", palette]);
  chunks.push(["IDAT", deflateSync(lines)], ["IEND", new Uint8Array()]);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return insertChunks(signature, chunks);
}

describe("decodeImage", () => {
  it("puts the samples in planes, as the file has them", async () => {
    const image = await decodeImage(png(2, 2, 8, 2, Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12])));
    expect(image).toMatchObject({ width: 2, height: 2, channels: 3, meta: { format: "png", bitDepth: 8 } });
    expect(Array.from(image.data, (value) => Math.round(value * 255))).toEqual([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    expect(image.alpha).toBeUndefined();
  });

  it("keeps all 16 bits, of grey with alpha too", async () => {
    const lines = Uint8Array.from([0, 0x12, 0x34, 0xff, 0xff, 0, 0xab, 0xcd, 0x80, 0x01]);
    const image = await decodeImage(png(1, 2, 16, 4, lines));
    expect(image).toMatchObject({ channels: 1, meta: { bitDepth: 16 } });
    expect(Array.from(image.data, (value) => Math.round(value * 65535))).toEqual([0x1234, 0xabcd]);
    expect(Array.from(image.alpha!, (value) => Math.round(value * 65535))).toEqual([0xffff, 0x8001]);
  });

  it("expands one-bit grey and palettes", async () => {
    const bilevel = await decodeImage(png(8, 1, 1, 0, Uint8Array.from([0, 0b10110001])));
    expect(bilevel.channels).toBe(1);
    expect(Array.from(bilevel.data)).toEqual([1, 0, 1, 1, 0, 0, 0, 1]);
    const palette = Uint8Array.from([255, 0, 0, 0, 51, 102]);
    const indexed = await decodeImage(png(4, 1, 1, 3, Uint8Array.from([0, 0b01010000]), palette));
    expect(indexed.channels).toBe(3);
    const levels = Array.from(indexed.data, (value) => Math.round(value * 255));
    expect(levels).toEqual([255, 0, 255, 0, 0, 51, 0, 51, 0, 102, 0, 102]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("applies EXIF orientation %i", async (orientation) => {
    // One bright corner: where it ends up tells the turn.
    const pixels = Buffer.alloc(6 * 4);
    pixels[0] = 255;
    const file = await sharp(pixels, { raw: { width: 6, height: 4, channels: 1 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const image = await decodeImage(file);
    const corner = image.data.indexOf(1);
    const turned = orientation >= 5;
    expect([image.width, image.height]).toEqual(turned ? [4, 6] : [6, 4]);
    const [x, y] = [corner % image.width, Math.floor(corner / image.width)];
    // Row and column of the first stored pixel (EXIF 2.32, tag 0x0112).
    const right = [2, 3, 6, 7].includes(orientation);
    const bottom = [3, 4, 7, 8].includes(orientation);
    expect([x, y]).toEqual([right ? image.width - 1 : 0, bottom ? image.height - 1 : 0]);
    expect(image.meta.appliedOrientation).toBe(orientation === 1 ? undefined : orientation);
  });

  it("turns CMYK into sRGB", async () => {
    const red = sharp({ create: { width: 16, height: 16, channels: 3, background: { r: 200, g: 30, b: 40 } } });
    const file = await red.toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(file).metadata()).space).toBe("cmyk");
    const image = await decodeImage(file);
    expect(image.channels).toBe(3);
    expect(image.meta.icc).toBeUndefined();
    const [r, g, b] = [0, 256, 512].map((i) => image.data[i] * 255);
    // The colours of print are fewer: near is all that can be asked.
    expect(Math.abs(r - 200) + Math.abs(g - 30) + Math.abs(b - 40)).toBeLessThan(60);
  });

  it("reads a file by its bytes, whatever its name says", async () => {
    const path = join(folder, "really-a-png.jpg");
    await writeFile(path, await encodeImage(smoothImage(9, 7), { format: "png" }));
    expect((await readImage(path)).meta.format).toBe("png");
  });

  it("reads the first frame and says how many there are", async () => {
    const frames = Buffer.alloc(4 * 8 * 3);
    frames.fill(255, 48);
    const file = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .webp({ lossless: true, loop: 0, delay: [100, 100] })
      .toBuffer();
    const image = await decodeImage(file);
    expect(image).toMatchObject({ width: 4, height: 4, meta: { pages: 2 } });
    expect(Math.max(...image.data)).toBe(0);
  });

  const photo = "../shared/data/eval/cbsd68/101085.jpg";
  it.skipIf(!existsSync(photo))("agrees with the decoder on a real photo", async () => {
    const image = await readImage(photo);
    const raw = await sharp(photo).raw().toBuffer();
    const n = image.width * image.height;
    for (let i = 0; i < raw.length; i++) {
      if (Math.round(image.data[(i % 3) * n + Math.floor(i / 3)] * 255) !== raw[i])
        throw new Error(`sample ${i} differs`);
    }
  });
});

describe("decodeImage refuses", () => {
  const refuse = async (source: string | Uint8Array, code: string, message: RegExp) => {
    const failure = typeof source === "string" ? readImage(source) : decodeImage(source, { name: "x.png" });
    await expect(failure).rejects.toMatchObject({ name: "TweedieError", code });
    const error: Error = (await failure.catch((reason: Error) => reason)) as Error;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
  };
  const text = (content: string) => new TextEncoder().encode(content);

  it("a missing file, and a path through a file", async () => {
    await refuse(
      join(folder, "nothing.png"),
      "missing-file",
      /nothing\.png: expected an existing file, got no such file/,
    );
    const file = join(folder, "plain.txt");
    await writeFile(file, "hello");
    await refuse(join(file, "inside.png"), "missing-file", /no such file/);
  });

  it("a folder and a device", async () => {
    const path = join(folder, "folder.png");
    await mkdir(path);
    await refuse(path, "unreadable-file", /expected a file, got a folder/);
    if (existsSync("/dev/null")) await refuse("/dev/null", "unreadable-file", /a device/);
  });

  it("an empty file", () => refuse(new Uint8Array(), "unreadable-image", /got an empty file/));
  it("text", () => refuse(text("Dear diary,\nit rained"), "unreadable-image", /PNG, JPEG.*got text \("Dear diary,"\)/));
  it("noise", () => refuse(Uint8Array.from([1, 2, 3, 200]), "unreadable-image", /4 bytes of an unknown kind/));
  it("a GIF", () => refuse(text("GIF89a......"), "unsupported-format", /got a GIF picture/));
  it("an SVG", () => refuse(text('<svg xmlns="http://www.w3.org/2000/svg"/>'), "unsupported-format", /an SVG drawing/));
  it("a PDF", () => refuse(text("%PDF-1.4"), "unsupported-format", /a PDF document/));
  it("a bare signature", () =>
    refuse(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "unreadable-image", /complete PNG file/));

  it("a file that claims to be enormous, before decoding it", async () => {
    await refuse(png(100_000, 100_000, 8, 0, new Uint8Array(10)), "too-large", /got 100000x100000 = 10000000000/);
    const small = await encodeImage(smoothImage(20, 20), { format: "png" });
    await expect(decodeImage(small, { maxPixels: 399 })).rejects.toMatchObject({ code: "too-large" });
    expect((await decodeImage(small, { maxPixels: 400 })).width).toBe(20);
  });

  it("floating-point samples", async () => {
    const pixels = new Float32Array(4 * 4).fill(0.5);
    const file = await sharp(pixels, { raw: { width: 4, height: 4, channels: 1 } })
      .tiff({ predictor: "float", compression: "deflate" })
      .toBuffer();
    await refuse(file, "unsupported-format", /8- or 16-bit integer samples, got float/);
  });

  it.each(["png", "jpeg", "webp", "tiff", "avif"] as const)("%s cut off anywhere", async (format) => {
    const image = smoothImage(48, 40);
    const whole = await encodeImage(image, { format, quality: format === "avif" ? 60 : undefined });
    const wanted = await decodeImage(whole);
    const step = Math.ceil(whole.length / 60);
    for (let length = 1; length < whole.length; length += step) {
      const outcome = await decodeImage(whole.subarray(0, length)).catch((error: Error) => error);
      // PNG ends with an empty chunk: without it no pixel is lost.
      if (format === "png" && length >= whole.length - 12) expect(outcome).toEqual(wanted);
      else
        expect(outcome, `${length} of ${whole.length} bytes`).toMatchObject({
          name: "TweedieError",
          code: "unreadable-image",
        });
    }
  });

  it("a PNG with a damaged byte in its pixels", async () => {
    const whole = await encodeImage(smoothImage(48, 40), { format: "png" });
    for (let at = 60; at < whole.length - 20; at += 97) {
      const damaged = Uint8Array.from(whole);
      damaged[at] ^= 0x55;
      await refuse(damaged, "unreadable-image", /complete PNG file/);
    }
  });
});
