import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll } from "vitest";
import { createImage, type Image } from "../../src/pictures/index.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A fresh folder, removed when the tests of the file are done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tweedie-test-"));
  folders.push(folder);
  return folder;
}

/** Random pictures whose samples lie on the levels of their bit depth. */
export const anyImage = (depths: readonly (8 | 16)[] = [8, 16]): fc.Arbitrary<Image> =>
  fc
    .record({
      width: fc.integer({ min: 1, max: 23 }),
      height: fc.integer({ min: 1, max: 23 }),
      channels: fc.constantFrom<1 | 3>(1, 3),
      bitDepth: fc.constantFrom(...depths),
      transparent: fc.boolean(),
    })
    .chain(({ width, height, channels, bitDepth, transparent }) => {
      const max = 2 ** bitDepth - 1;
      const levels = (n: number) => fc.array(fc.integer({ min: 0, max }), { minLength: n, maxLength: n });
      const n = width * height;
      return fc.tuple(levels(n * channels), levels(n)).map(([samples, opacity]) => {
        const scaled = (values: number[]) => Float32Array.from(values, (value) => value / max);
        const alpha = transparent ? scaled(opacity) : undefined;
        return createImage(width, height, channels, scaled(samples), { alpha, meta: { bitDepth } });
      });
    });

/** A picture with smooth shapes and colours that the lossy formats keep well. */
export function smoothImage(width: number, height: number, channels: 1 | 3 = 3): Image {
  const image = createImage(width, height, channels);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const value = 0.5 + 0.25 * Math.sin((x * (c + 1)) / 9) + 0.2 * Math.cos((y - c) / 7);
        image.data[(c * height + y) * width + x] = Math.round(value * 255) / 255;
      }
  return image;
}

/** The bytes of a real display profile (Display P3, version 4) as the image library ships it. */
export async function displayP3(): Promise<Uint8Array> {
  const red = sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } });
  const { icc } = await sharp(await red.withIccProfile("p3").png().toBuffer()).metadata();
  return Uint8Array.from(icc!);
}
