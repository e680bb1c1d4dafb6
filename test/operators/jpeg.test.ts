import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createOperator } from "../../src/operators/index.ts";
import { quantizationTable } from "../../src/operators/jpeg/tables.ts";
import { normals } from "../../src/random/index.ts";
import { constant, evaluate, input, vjp } from "../../src/tensor/index.ts";

const [height, width] = [45, 61];
const area = height * width;

/** Smooth colours, an edge and some noise, 8 bits, planar. */
const picture = (() => {
  const noise = normals({ seed: 3, purpose: "picture" }, 3 * area);
  return Uint8Array.from({ length: 3 * area }, (_, k) => {
    const [c, i, j] = [Math.floor(k / area), Math.floor((k % area) / width), k % width];
    const wave = 60 * Math.sin((i * (c + 1)) / 11) + 40 * Math.cos(j / (4 + c)) + (2 * i + j > 80 ? 50 : -30);
    return Math.min(255, Math.max(0, Math.round(128 + wave + 8 * noise[k])));
  });
})();

type Coding = { quality: number; subsampling?: "4:2:0" | "4:4:4" };

/** What the operator makes of 8-bit planes, in levels. */
function coded(planes: Uint8Array, channels: 1 | 3, options: Coding): Float64Array {
  const domain = [1, channels, height, width];
  const operator = createOperator({ name: "jpeg", ...options }, { domain });
  const x = constant(
    Float64Array.from(planes, (v) => v / 127.5 - 1),
    domain,
    "float32",
  );
  return evaluate([operator.apply(x)])[0].data.map((v) => (v + 1) * 127.5);
}

/** What libjpeg makes of them, through files. */
async function byLibjpeg(planes: Uint8Array, channels: 1 | 3, { quality, subsampling }: Coding): Promise<Uint8Array> {
  const pixels = Uint8Array.from(planes, (_, k) => planes[(k % channels) * area + Math.floor(k / channels)]);
  const grey = channels === 1 ? "b-w" : "srgb";
  const file = await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(grey)
    .jpeg({ quality, chromaSubsampling: subsampling ?? "4:4:4" })
    .toBuffer();
  const decoded = await sharp(file).toColourspace(grey).raw().toBuffer();
  return Uint8Array.from(planes, (_, k) => decoded[(k % area) * channels + Math.floor(k / area)]);
}

const wave = (k: number, i: number) => Math.sqrt((k === 0 ? 1 : 2) / 8) * Math.cos((Math.PI * (2 * i + 1) * k) / 16);

/** Coefficient (u, v) of the block at (top, left). */
function coefficient(plane: ArrayLike<number>, top: number, left: number, u: number, v: number): number {
  let sum = 0;
  for (let i = 0; i < 8; i++)
    for (let j = 0; j < 8; j++) sum += (plane[(top + i) * width + left + j] - 128) * wave(u, i) * wave(v, j);
  return sum;
}

describe("the tables", () => {
  it("are annex K at quality 50, finer above and coarser below, as libjpeg scales them", () => {
    expect(quantizationTable("luminance", 50).slice(0, 8)).toEqual([16, 11, 10, 16, 24, 40, 51, 61]);
    expect(quantizationTable("chrominance", 50).slice(0, 4)).toEqual([17, 18, 24, 47]);
    // Read from files that libjpeg-turbo wrote.
    expect(quantizationTable("luminance", 10).slice(0, 8)).toEqual([80, 55, 50, 80, 120, 200, 255, 255]);
    expect(quantizationTable("chrominance", 75).slice(0, 5)).toEqual([9, 9, 12, 24, 50]);
    expect(quantizationTable("luminance", 100).every((v) => v === 1)).toBe(true);
    expect(quantizationTable("luminance", 1).every((v) => v === 255)).toBe(true);
  });
});

describe("jpeg", () => {
  it.each([10, 40, 75, 95])(
    "has libjpeg's coefficients at quality %s, save halves that rounding decides",
    async (q) => {
      const grey = picture.slice(0, area);
      const [mine, theirs] = [coded(grey, 1, { quality: q }), await byLibjpeg(grey, 1, { quality: q })];
      const table = quantizationTable("luminance", q);
      let undecided = 0;
      let count = 0;
      for (let top = 0; top + 8 <= height; top += 8)
        for (let left = 0; left + 8 <= width; left += 8) {
          for (let k = 0; k < 64; k++) {
            const [u, v, step] = [k >> 3, k & 7, table[k]];
            const [exact, a, b] = [grey, mine, theirs].map((plane) => coefficient(plane, top, left, u, v) / step);
            count++;
            // Rounding the decoded samples and clipping them moves coefficients, by far less than a coarse step.
            if (step < 8 || Math.abs(a - b) < 0.5) continue;
            undecided++;
            const toHalf = Math.abs(Math.abs(exact - Math.trunc(exact)) - 0.5);
            expect(toHalf * step, `block ${top},${left}, coefficient ${u},${v}`).toBeLessThan(0.4);
          }
        }
      expect(undecided / count).toBeLessThan(0.01);
    },
  );

  it.each([
    ["4:4:4", 5],
    ["4:4:4", 30],
    ["4:4:4", 90],
    ["4:2:0", 5],
    ["4:2:0", 30],
    ["4:2:0", 75],
    ["4:2:0", 100],
  ] as const)(
    "gives libjpeg's pixels for %s at quality %s, within the rounding of its transform",
    async (subsampling, quality) => {
      const [mine, theirs] = [
        coded(picture, 3, { quality, subsampling }),
        await byLibjpeg(picture, 3, { quality, subsampling }),
      ];
      const errors = mine.map((v, i) => Math.abs(v - theirs[i]));
      const rms = Math.sqrt(errors.reduce((s, v) => s + v * v, 0) / errors.length);
      expect(rms).toBeLessThan(1);
      expect(errors.filter((v) => v > 1.5).length / errors.length).toBeLessThan(0.1);
      // It is the other subsampling's picture that would be far off.
      const other = coded(picture, 3, { quality, subsampling: subsampling === "4:2:0" ? "4:4:4" : "4:2:0" });
      const distance = Math.sqrt(other.reduce((s, v, i) => s + (v - theirs[i]) ** 2, 0) / other.length);
      if (quality > 5) expect(distance).toBeGreaterThan(2 * rms);
    },
  );

  it("is differentiated straight through, smoothly, or not at all", () => {
    const domain = [1, 1, 16, 16];
    const values = Float64Array.from({ length: 256 }, (_, k) => 0.5 * Math.sin(k / 9));
    const direction = constant(
      Float64Array.from({ length: 256 }, (_, k) => Math.cos(k)),
      domain,
      "float32",
    );
    const pulled = (rounding: string) => {
      const operator = createOperator({ name: "jpeg", quality: 50, rounding }, { domain });
      const x = input(domain);
      const [g] = vjp([operator.apply(x)], [x], [direction]);
      return evaluate([g], new Map([[x, values]]))[0].data;
    };
    const through = pulled("straight-through");
    const straight = evaluate([direction])[0].data;
    expect(Math.max(...through.map((v, i) => Math.abs(v - straight[i])))).toBeLessThan(1e-9);
    expect(pulled("exact").every((v) => v === 0)).toBe(true);
    expect(pulled("smooth").some((v) => Math.abs(v) > 1e-3)).toBe(true);
  });

  it("takes pictures of 1 or 3 channels only", () => {
    expect(() => createOperator({ name: "jpeg", quality: 50 }, { domain: [1, 2, 8, 8] })).toThrow(
      "jpeg: expected pictures with 1 or 3 channels, got 2",
    );
  });
});
