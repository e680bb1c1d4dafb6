import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateNoise } from "../../src/metrics/noise.ts";
import { readImage } from "../../src/node/pictures.ts";
import { createImage, type Image, toGrey } from "../../src/pictures/index.ts";
import { normals, uniforms } from "../../src/random/index.ts";

function addNoise(image: Image, sigma: number, seed: number, clipped = false): Image {
  const z = normals({ seed, purpose: "test" }, image.data.length);
  const data = image.data.map((value, i) => {
    const noisy = value + sigma * z[i];
    return clipped ? Math.round(255 * Math.min(1, Math.max(0, noisy))) / 255 : noisy;
  });
  return { ...image, data };
}

function hide(image: Image, share: number, seed: number): { known: Uint8Array } {
  const draws = uniforms({ seed, purpose: "mask" }, image.width * image.height);
  return { known: Uint8Array.from(draws, (value) => (value < share ? 0 : 1)) };
}

/** Smooth shading in every channel, from `low` to `high`. */
function shading(width: number, height: number, channels: 1 | 3, low = 0.3, high = 0.7): Image {
  const image = createImage(width, height, channels);
  for (let i = 0; i < image.data.length; i++) {
    const x = (i % width) / width;
    const y = (Math.floor(i / width) % height) / height;
    image.data[i] = low + (high - low) * (0.5 + 0.25 * Math.sin(3 * x + 2 * y) + 0.25 * Math.cos(4 * y - x));
  }
  return image;
}

describe("estimateNoise", () => {
  it("finds the noise on smooth pictures, grey and colour, any level", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom<1 | 3>(1, 3),
        fc.integer({ min: 2, max: 50 }),
        (seed, channels, level) => {
          const noisy = addNoise(shading(80, 70, channels), level / 255, seed >>> 0);
          expect(estimateNoise(noisy) / (level / 255)).toBeGreaterThan(0.85);
          expect(estimateNoise(noisy) / (level / 255)).toBeLessThan(1.15);
          expect(Math.abs(estimateNoise(noisy, { method: "wavelet" }) / (level / 255) - 1)).toBeLessThan(0.2);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("sees through clipping", () => {
    for (const [seed, level] of [10, 50].entries()) {
      const noisy = addNoise(shading(96, 96, 3, -0.1, 0.8), level / 255, seed, true);
      const found = estimateNoise(noisy) / (level / 255);
      expect(Math.abs(found - 1)).toBeLessThan(0.06);
      // The wavelet estimate takes the clipped noise for all there is.
      expect(estimateNoise(noisy, { method: "wavelet" })).toBeLessThan(found * (level / 255));
    }
  });

  it("does not take saturated areas for quiet ones", () => {
    const image = shading(96, 96, 3);
    for (let i = 0; i < image.data.length; i++) if (i % 96 < 48) image.data[i] = i % 96 < 24 ? 5 : -5;
    const found = estimateNoise(addNoise(image, 15 / 255, 3, true)) * 255;
    expect(Math.abs(found / 15 - 1)).toBeLessThan(0.06);
  });

  it("uses known pixels only", () => {
    const noisy = addNoise(shading(96, 96, 3), 20 / 255, 1);
    for (const share of [0.02, 0.1, 0.3, 0.6]) {
      const mask = hide(noisy, share, 2);
      const damaged = {
        ...noisy,
        data: noisy.data.map((v, i) => (mask.known[i % mask.known.length] ? v : Number.NaN)),
      };
      expect(Math.abs((estimateNoise(damaged, { mask }) * 255) / 20 - 1), `${share} missing`).toBeLessThan(0.08);
      expect(Math.abs((estimateNoise(damaged, { mask, method: "wavelet" }) * 255) / 20 - 1)).toBeLessThan(0.08);
    }
  });

  it("is zero where nothing moves, and scales with the picture", () => {
    const flat = createImage(40, 40, 3, new Float32Array(4800).fill(0.5));
    expect(estimateNoise(flat)).toBeCloseTo(0, 6);
    const noisy = addNoise(shading(64, 64, 1), 0.02, 5);
    const half = { ...noisy, data: noisy.data.map((value) => value / 2) };
    expect(estimateNoise(half)).toBeCloseTo(estimateNoise(noisy) / 2, 6);
  });

  it("says so when there is too little to see", () => {
    for (const method of ["patches", "wavelet"] as const) {
      expect(() => estimateNoise(createImage(1, 1, 3), { method })).toThrow(
        /noise estimate: expected .* got 1x1 pixels/,
      );
      expect(() => estimateNoise(createImage(1, 90, 1), { method })).toThrow(/too few/);
      const noisy = addNoise(shading(20, 20, 1), 0.1, 1);
      const mask = { known: new Uint8Array(400) };
      expect(() => estimateNoise(noisy, { method, mask })).toThrow(/too many missing/);
      const broken = { ...noisy, data: noisy.data.map(() => Number.NaN) };
      expect(() => estimateNoise(broken, { method })).toThrow(/not finite/);
    }
    expect(() => estimateNoise(createImage(4, 4, 1), { mask: { known: new Uint8Array(3) } })).toThrow(/3 in the mask/);
  });
});

const folder = "../shared/data/eval/cbsd68";

// perf/noise.ts does this over all 68 pictures.
describe.skipIf(!existsSync(folder))("estimateNoise on real photos (skipped without ../shared/data)", () => {
  it.each([2, 25])(
    "is within 5 per cent in the median at %i/255, clipped or not",
    { timeout: 240_000 },
    async (level) => {
      const names = (await readdir(folder)).sort().filter((_, i) => i % 17 === 0);
      const photos = await Promise.all(names.map((name) => readImage(join(folder, name))));
      for (const clipped of [false, true]) {
        const errors = photos.map((photo, seed) =>
          Math.abs((estimateNoise(addNoise(photo, level / 255, seed, clipped)) * 255) / level - 1),
        );
        expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(0.05);
      }
    },
  );

  it("works on grey photos", async () => {
    const image = toGrey(await readImage(`${folder}/101085.jpg`));
    expect(Math.abs((estimateNoise(addNoise(image, 20 / 255, 1)) * 255) / 20 - 1)).toBeLessThan(0.05);
  });
});
