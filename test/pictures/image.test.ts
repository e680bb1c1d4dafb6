import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkImage,
  createImage,
  crop,
  fromModel,
  isGrey,
  luminance,
  toGrey,
  toModel,
  toRgb,
} from "../../src/pictures/index.ts";
import { anyImage, smoothImage } from "../helpers/pictures.ts";

describe("toModel and fromModel", () => {
  it("are inverse to each other up to far less than half a level", () => {
    fc.assert(
      fc.property(anyImage(), (image) => {
        const model = toModel(image);
        for (const value of model) expect(Math.abs(value)).toBeLessThanOrEqual(1);
        const back = fromModel(model, image, image);
        expect(back.alpha).toEqual(image.alpha);
        expect(back.meta).toEqual(image.meta);
        const max = 2 ** image.meta.bitDepth - 1;
        back.data.forEach((value, i) => {
          expect(Math.round(value * max)).toBe(Math.round(image.data[i] * max));
        });
      }),
    );
  });

  it("clips what is outside and refuses what is no number", () => {
    const shape = { width: 3, height: 1, channels: 1 } as const;
    expect([...fromModel(Float32Array.of(-7, 0, 1.01), shape).data]).toEqual([0, 0.5, 1]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => fromModel(Float32Array.of(0, bad, 0), shape)).toThrow(/expected finite values/);
    }
    expect(() => fromModel(new Float32Array(4), shape)).toThrow(/3x1x1 = 3 samples, got 4/);
  });

  it("leave the alpha of a picture of another size behind", () => {
    const small = createImage(1, 1, 1, Float32Array.of(1), { alpha: Float32Array.of(0.5), meta: { density: 72 } });
    const large = fromModel(new Float32Array(4), { width: 2, height: 2, channels: 1 }, small);
    expect(large.alpha).toBeUndefined();
    expect(large.meta.density).toBe(72);
  });
});

describe("crop", () => {
  it("takes the samples of the rectangle, of every channel and the alpha", () => {
    const rectangle = anyImage([8]).chain((image) =>
      fc
        .tuple(fc.nat(image.width - 1), fc.nat(image.height - 1))
        .chain(([left, top]) =>
          fc
            .tuple(fc.integer({ min: 1, max: image.width - left }), fc.integer({ min: 1, max: image.height - top }))
            .map(([width, height]) => ({ image, left, top, width, height })),
        ),
    );
    fc.assert(
      fc.property(rectangle, ({ image, left, top, width, height }) => {
        const part = crop(image, left, top, width, height);
        checkImage(part);
        for (let c = 0; c < image.channels; c++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) {
              const wanted = image.data[(c * image.height + top + y) * image.width + left + x];
              expect(part.data[(c * height + y) * width + x]).toBe(wanted);
              expect(part.alpha?.[y * width + x]).toBe(image.alpha?.[(top + y) * image.width + left + x]);
            }
      }),
    );
  });

  it("refuses rectangles that reach outside", () => {
    const image = smoothImage(4, 3);
    for (const [x, y, w, h] of [
      [-1, 0, 1, 1],
      [0, 0, 5, 1],
      [0, 2, 1, 2],
      [0, 0, 0, 1],
      [0.5, 0, 1, 1],
      [Number.NaN, 0, 1, 1],
    ]) {
      expect(() => crop(image, x, y, w, h)).toThrow(/a rectangle inside 4x3/);
    }
  });
});

describe("grey and colour", () => {
  it("weighs the channels by Rec. 601", () => {
    const image = createImage(3, 1, 3, Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1));
    expect([...luminance(image)].map((value) => value.toFixed(3))).toEqual(["0.299", "0.587", "0.114"]);
    expect(isGrey(image)).toBe(false);
  });

  it("repeats grey and finds it again", () => {
    const grey = smoothImage(5, 4, 1);
    const rgb = toRgb({ ...grey, meta: { ...grey.meta, icc: Uint8Array.of(1), density: 72 } });
    expect(isGrey(rgb)).toBe(true);
    expect(rgb.meta).toEqual({ format: "png", bitDepth: 8, density: 72 });
    toGrey(rgb).data.forEach((value, i) => {
      expect(value).toBeCloseTo(grey.data[i], 6);
    });
  });
});

describe("createImage", () => {
  it("refuses sizes that are none and data that does not fit", () => {
    for (const side of [0, -1, 1.5, Number.NaN]) {
      expect(() => createImage(side, 2, 1, new Float32Array(2))).toThrow(/image width: expected a positive integer/);
    }
    expect(() => createImage(2, 2, 3, new Float32Array(4))).toThrow(/2x2x3 = 12 samples, got 4/);
    expect(() => createImage(2, 2, 1, undefined, { alpha: new Float32Array(3) })).toThrow(/image alpha/);
  });
});
