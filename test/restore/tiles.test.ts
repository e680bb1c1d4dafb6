import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMask } from "../../src/pictures/index.ts";
import { cutTile, holeRegion, Mosaic, planTiles, type TileOptions, tileWeights } from "../../src/restore/tiles.ts";

const plans = fc
  .record({
    align: fc.constantFrom(1, 2, 3, 4),
    discard: fc.integer({ min: 0, max: 6 }),
    feather: fc.integer({ min: 1, max: 8 }),
    extra: fc.integer({ min: 2, max: 10 }),
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 60 }),
    // Pixels by which the picture's sides exceed a multiple of the alignment.
    beside: fc.integer({ min: 0, max: 3 }),
    below: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ align, discard, feather, extra, width, height, beside, below }) => {
    const size = align * Math.ceil((2 * (2 * discard + feather) + extra * align) / align);
    const blend: TileOptions = { size, discard, feather, align };
    return { blend, width: width * align + (beside % align), height: height * align + (below % align) };
  });

describe("planTiles", () => {
  it("covers every pixel with weight, aligned, inside the picture", () => {
    fc.assert(
      fc.property(plans, ({ blend, width, height }) => {
        const tiles = planTiles({ left: 0, top: 0, width, height }, blend);
        const total = new Float32Array(width * height);
        for (const tile of tiles) {
          expect(tile.left % blend.align).toBe(0);
          expect(tile.top % blend.align).toBe(0);
          if (tile.left + tile.width < width) expect(tile.width % blend.align).toBe(0);
          expect(tile.width).toBeLessThan(blend.size + blend.align);
          expect(tile.left + tile.width).toBeLessThanOrEqual(width);
          expect(tile.top + tile.height).toBeLessThanOrEqual(height);
          const weights = tileWeights(tile, { width, height }, blend);
          for (let y = 0; y < tile.height; y++)
            for (let x = 0; x < tile.width; x++)
              total[(tile.top + y) * width + tile.left + x] += weights[y * tile.width + x];
        }
        expect(total.every((w) => w > 0)).toBe(true);
      }),
    );
  });

  it("gives a region that fits as one tile", () => {
    const region = { left: 8, top: 3, width: 40, height: 64 };
    expect(planTiles(region, { size: 64, discard: 4, feather: 8, align: 1 })).toEqual([region]);
  });
});

describe("Mosaic", () => {
  it("puts tiles of one picture together to that picture", () => {
    fc.assert(
      fc.property(plans, ({ blend, width, height }) => {
        const picture = Float32Array.from({ length: 2 * width * height }, (_, i) => Math.sin(i));
        const mosaic = new Mosaic(width, height, 2);
        for (const tile of planTiles({ left: 0, top: 0, width, height }, blend))
          mosaic.add(tile, cutTile(picture, width, height, tile), tileWeights(tile, { width, height }, blend));
        const blended = mosaic.blend(new Float32Array(picture.length));
        expect(Math.max(...blended.map((v, i) => Math.abs(v - picture[i])))).toBeLessThan(1e-5);
      }),
      { numRuns: 30 },
    );
  });

  it("never shows the discarded border of a tile, and ramps without a jump", () => {
    const blend = { size: 40, discard: 4, feather: 8, align: 1 };
    const mosaic = new Mosaic(64, 40, 1);
    const tiles = planTiles({ left: 0, top: 0, width: 64, height: 40 }, blend);
    expect(tiles.length).toBeGreaterThan(1);
    tiles.forEach((tile, i) => {
      const data = Float32Array.from({ length: tile.width * tile.height }, (_, k) => {
        const x = k % tile.width;
        const inner = tile.left === 0 || x >= blend.discard;
        return inner && (tile.left + tile.width === 64 || x < tile.width - blend.discard) ? i : 1000;
      });
      mosaic.add(tile, data, tileWeights(tile, { width: 64, height: 40 }, blend));
    });
    const row = mosaic.blend(new Float32Array(64 * 40)).subarray(0, 64);
    for (let x = 1; x < 64; x++) {
      expect(row[x]).toBeLessThan(tiles.length);
      expect(row[x] - row[x - 1]).toBeGreaterThanOrEqual(0);
      expect(row[x] - row[x - 1]).toBeLessThan(0.2);
    }
  });

  it("shows the background where no tile came", () => {
    const mosaic = new Mosaic(4, 1, 1);
    mosaic.add({ left: 1, top: 0, width: 2, height: 1 }, Float32Array.of(7, 8), Float32Array.of(1, 0));
    expect(Array.from(mosaic.blend(Float32Array.of(1, 2, 3, 4)))).toEqual([1, 7, 3, 4]);
  });
});

describe("holeRegion", () => {
  it("is the bounding box of the missing pixels with a margin, inside the picture", () => {
    const known = new Uint8Array(20 * 10).fill(1);
    known[3 * 20 + 5] = 0;
    known[6 * 20 + 9] = 0;
    expect(holeRegion(createMask(20, 10, known), 2)).toEqual({ left: 3, top: 1, width: 9, height: 8 });
    expect(holeRegion(createMask(20, 10, known), 50)).toEqual({ left: 0, top: 0, width: 20, height: 10 });
    expect(holeRegion(createMask(20, 10, new Uint8Array(200).fill(1)), 2)).toBeUndefined();
  });
});
