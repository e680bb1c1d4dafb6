import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillMissing, type KnownPixels } from "../../src/operators/index.ts";

const mask = (height: number, width: number, missing: (i: number, j: number) => boolean): KnownPixels => ({
  channels: 1,
  height,
  width,
  known: Uint8Array.from({ length: height * width }, (_, k) => (missing(Math.floor(k / width), k % width) ? 0 : 1)),
});

describe("fillMissing", () => {
  it("continues a plane through a large hole", () => {
    const [h, w] = [64, 80];
    const plane = Float64Array.from({ length: h * w }, (_, k) => 0.01 * Math.floor(k / w) - 0.006 * (k % w));
    const hole = mask(h, w, (i, j) => i > 12 && i < 52 && j > 20 && j < 70);
    const got = fillMissing(
      plane.map((v, k) => (hole.known[k] ? v : 0)),
      hole,
    );
    expect(Math.max(...got.map((v, k) => Math.abs(v - plane[k])))).toBeLessThan(0.01);
  });

  it("keeps known pixels and stays within their range, whatever is missing, in each channel", () => {
    const arbitrary = fc.record({
      height: fc.integer({ min: 1, max: 12 }),
      width: fc.integer({ min: 1, max: 12 }),
      planes: fc.constantFrom(1, 3),
      bits: fc.infiniteStream(fc.boolean()),
      values: fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
      method: fc.constantFrom("harmonic" as const, "nearest" as const),
    });
    fc.assert(
      fc.property(arbitrary, ({ height, width, planes, bits, values, method }) => {
        const area = height * width;
        const known = Uint8Array.from({ length: planes * area }, () => (bits.next().value ? 1 : 0));
        const y = Float64Array.from({ length: 3 * area }, () => values.next().value ?? 0);
        const got = fillMissing(y, { channels: planes, height, width, known }, method);
        for (let c = 0; c < 3; c++) {
          const plane = known.subarray(planes === 1 ? 0 : c * area, (planes === 1 ? 0 : c * area) + area);
          const inside = y.subarray(c * area, (c + 1) * area).filter((_, k) => plane[k]);
          const [low, high] = inside.length > 0 ? [Math.min(...inside), Math.max(...inside)] : [0, 0];
          for (let k = 0; k < area; k++) {
            const v = got[c * area + k];
            if (plane[k]) expect(v).toBe(y[c * area + k]);
            else expect(v >= low - 1e-12 && v <= high + 1e-12).toBe(true);
          }
        }
      }),
    );
  });

  it("refuses a picture of another size", () => {
    const none = mask(2, 3, () => false);
    expect(() => fillMissing([1, 2], none)).toThrow("picture to fill: expected planes of 2×3 = 6 values, got 2");
  });
});
