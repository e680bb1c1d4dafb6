import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownPixels, type MaskSpec, maskBits } from "../../src/operators/index.ts";

const count = (spec: MaskSpec, h: number, w: number) => knownPixels(spec, 3, h, w).known.reduce((a, b) => a + b, 0);

describe("masks", () => {
  it("survive the way through JSON as bits", () => {
    const shapes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 3));
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.boolean()), ([h, w, c], bits) => {
        const known = Array.from({ length: h * w * c }, () => (bits.next().value ? 1 : 0));
        const spec = JSON.parse(JSON.stringify(maskBits(known, h, w)));
        const pixels = knownPixels(spec, 3, h, w);
        expect(pixels.channels).toBe(c);
        expect(Array.from(pixels.known)).toEqual(known);
      }),
    );
  });

  it("miss exactly the fraction asked for, differently for each seed, the same for one", () => {
    const random = (seed: number): MaskSpec => ({ type: "random", missing: 0.7, seed });
    expect(count(random(1), 20, 15)).toBe(300 - 210);
    expect(knownPixels(random(1), 1, 20, 15)).toEqual(knownPixels(random(1), 1, 20, 15));
    expect(knownPixels(random(1), 1, 20, 15)).not.toEqual(knownPixels(random(2), 1, 20, 15));
  });

  it("know one half or a rectangle's inside or outside", () => {
    expect(Array.from(knownPixels({ type: "half", side: "left" }, 1, 1, 4).known)).toEqual([0, 0, 1, 1]);
    expect(Array.from(knownPixels({ type: "half", side: "bottom" }, 1, 4, 1).known)).toEqual([1, 1, 0, 0]);
    const rectangle = { top: 1, left: 2, height: 2, width: 1 };
    expect(Array.from(knownPixels({ type: "box", ...rectangle }, 1, 3, 3).known)).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 0]);
    expect(Array.from(knownPixels({ type: "outside", ...rectangle }, 1, 3, 3).known)).toEqual([
      0, 0, 0, 0, 0, 1, 0, 0, 1,
    ]);
  });

  it("are refused where they do not fit", () => {
    expect(() => knownPixels({ type: "box", top: 0, left: 3, height: 1, width: 2 }, 1, 4, 4)).toThrow(
      "mask of type box: expected a rectangle inside 4x4, got 2x1 at 3,0",
    );
    expect(() => knownPixels(maskBits(new Uint8Array(12), 3, 4), 3, 4, 3)).toThrow(
      "mask: expected 1 or 3 planes of the picture's size 3x4, got 1 of 4x3 in 2 bytes",
    );
    expect(() => knownPixels(maskBits(new Uint8Array(24), 3, 4), 3, 3, 4)).toThrow("got 2 of 4x3");
    expect(() => maskBits(new Uint8Array(13), 3, 4)).toThrow("mask: expected 3×4 values per channel, got 13");
    const bits: MaskSpec = { type: "bits", height: 1, width: 1, channels: 1, known: "§§" };
    expect(() => knownPixels(bits, 1, 1, 1)).toThrow("mask bits: expected base64");
  });
});
