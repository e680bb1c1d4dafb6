import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { createImage } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { restore, sampleStatistics } from "../../src/restore/index.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const picture = (values: readonly number[], channels: 1 | 3 = 1) =>
  createImage(values.length / channels, 1, channels, Float32Array.from(values));

describe("sampleStatistics", () => {
  it("gives the mean and the standard deviation, with the scale of its picture", () => {
    const s = sampleStatistics([picture([0.2, 0.5]), picture([0.4, 0.5]), picture([0.6, 0.5])]);
    expect(s.samples).toBe(3);
    expect(s.mean.data[0]).toBeCloseTo(0.4, 6);
    expect(s.white).toBe(0.21); // the largest, 0.2 and a rounding error, rounded up to two digits
    expect(s.deviation.data[0]).toBeCloseTo(0.2 / 0.21, 5);
    expect(s.deviation.data[1]).toBe(0);
    expect(s.average).toBeCloseTo(0.2 / Math.sqrt(2), 6);
    const colour = sampleStatistics([picture([0.1, 0.1, 0.4], 3), picture([0.3, 0.1, 0], 3)]);
    expect(colour.deviation.channels).toBe(1);
    expect(colour.deviation.data[0] * colour.white).toBeCloseTo(Math.sqrt((0.02 + 0 + 0.08) / 3), 5);
  });

  it("never hides much of the scale, and never goes beyond white", () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const { white, deviation, average } = sampleStatistics([picture(a), picture(b)]);
        const largest = Math.max(...a.map((v, i) => Math.abs(Math.fround(v) - Math.fround(b[i])) / Math.SQRT2));
        expect(white).toBeGreaterThanOrEqual(largest * (1 - 1e-6));
        expect(white).toBeLessThanOrEqual(Math.max(1.2 * largest, 0.0041));
        expect(Math.max(...deviation.data)).toBeLessThanOrEqual(1);
        expect(average).toBeLessThanOrEqual(largest * (1 + 1e-6));
      }),
    );
  });

  it("refuses a single picture and pictures that differ", () => {
    expect(() => sampleStatistics([picture([1])])).toThrow(/two pictures or more, got 1/);
    expect(() => sampleStatistics([picture([1]), picture([1, 1])])).toThrow(/expected 1x1x1, got 2x1x1/);
  });
});

describe("restore with samples", () => {
  const clean = normals({ seed: 1, purpose: "picture" }, 3 * 30 * 20).map((v) => 0.5 + 0.1 * v);
  const request = {
    image: createImage(30, 20, 3, clean),
    task: { name: "denoise" },
    prior: isotropicPrior(0, 0.04),
    noise: 0.1,
    solver: "dps",
    options: { steps: 4, sigmaMax: 1 },
    seed: 3,
  } as const;

  it("draws a sample as it would draw it in any other number, with tiles too", async () => {
    for (const tileSize of [64, 16]) {
      const three = await restore({ engine, ...request, tileSize, samples: 3 });
      const two = await restore({ engine, ...request, tileSize, samples: 2 });
      expect(three.run.tiles).toBe(tileSize === 64 ? 1 : two.run.tiles);
      expect(three).toMatchObject({ finished: 3, run: { sampler: true, stopped: false } });
      expect(three.images.slice(0, 2).map(({ data }) => data)).toEqual(two.images.map(({ data }) => data));
      expect(three.images[2].data).not.toEqual(three.images[1].data);
    }
  });

  it("says which samples are finished when it is stopped", async () => {
    const whole = await restore({ engine, ...request, samples: 3 });
    const stopped = await restore({ engine, ...request, samples: 3, stopAfter: 10 });
    expect(stopped).toMatchObject({ finished: 2, run: { stopped: true } });
    expect(stopped.images).toHaveLength(3);
    expect(stopped.images[1].data).toEqual(whole.images[1].data);
    expect(await restore({ engine, ...request, samples: 3, stopAfter: 8 })).toMatchObject({
      finished: 2,
      run: { stopped: true },
    });
  });
});
