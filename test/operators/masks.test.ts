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

describe("generated masks", () => {
  const missing = (spec: MaskSpec, h: number, w: number) => h * w - count(spec, h, w);

  it("are covered by strokes to the pixel, in connected strokes, the same for one seed", () => {
    const spec = (seed: number): MaskSpec => ({ type: "free-form", missing: 0.25, seed });
    for (const [h, w] of [
      [64, 64],
      [31, 57],
      [3, 200],
      [1, 1],
    ])
      expect(missing(spec(4), h, w)).toBe(Math.round(0.25 * h * w));
    expect(knownPixels(spec(4), 1, 40, 50)).toEqual(knownPixels(spec(4), 1, 40, 50));
    expect(knownPixels(spec(4), 1, 40, 50)).not.toEqual(knownPixels(spec(5), 1, 40, 50));
    // Strokes are wide: most missing pixels have missing neighbours, which pixels at random have not.
    const { known } = knownPixels(spec(4), 1, 64, 64);
    let together = 0;
    for (let i = 0; i < 64 * 63; i++) if (!known[i] && !known[i + 64]) together++;
    expect(together / missing(spec(4), 64, 64)).toBeGreaterThan(0.7);
  });

  it("cover everything or nothing when asked to", () => {
    expect(missing({ type: "free-form", missing: 1, seed: 1 }, 20, 30)).toBe(600);
    expect(missing({ type: "free-form", missing: 0, seed: 1 }, 20, 30)).toBe(0);
  });

  it("draw the coverage from a range", () => {
    const shares = Array.from(
      { length: 20 },
      (_, seed) => missing({ type: "free-form", missing: 0.2, most: 0.3, seed }, 50, 50) / 2500,
    );
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.3);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.05);
  });

  it("put a box anywhere inside the margin", () => {
    const places = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const { known } = knownPixels({ type: "random-box", width: 4, height: 3, margin: 2, seed }, 1, 9, 10);
      const holes = Array.from(known.keys()).filter((k) => !known[k]);
      const [rows, columns] = [holes.map((k) => Math.floor(k / 10)), holes.map((k) => k % 10)];
      expect(holes.length).toBe(12);
      expect([Math.min(...rows) >= 2, Math.max(...rows) <= 6]).toEqual([true, true]);
      expect([Math.min(...columns) >= 2, Math.max(...columns) <= 7]).toEqual([true, true]);
      places.add(`${Math.min(...rows)},${Math.min(...columns)}`);
    }
    expect(places.size).toBe(3 * 3);
    expect(() => knownPixels({ type: "random-box", width: 8, height: 3, margin: 2, seed: 0 }, 1, 9, 10)).toThrow(
      "mask of type random-box: expected a rectangle inside 10x9, got 8x3 with a margin of 2",
    );
  });

  it("know the centre of a picture that is to be expanded", () => {
    const { known } = knownPixels({ type: "expand", known: 0.5 }, 1, 4, 6);
    expect(Array.from(known)).toEqual([
      ...[0, 0, 0, 0, 0, 0],
      ...[0, 1, 1, 1, 0, 0],
      ...[0, 1, 1, 1, 0, 0],
      ...[0, 0, 0, 0, 0, 0],
    ]);
  });
});
