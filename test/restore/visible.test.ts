import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { readImage } from "../../src/node/pictures.ts";
import { createImage, type Image } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { restore } from "../../src/restore/index.ts";
import { planRestoration } from "../../src/restore/plan.ts";
import { withoutHiddenColours } from "../../src/restore/visible.ts";
import { shared } from "../helpers/shared.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const prior = { ...isotropicPrior(0, 0.0625), settings: "natural" as const };
const image = (hidden: number) => {
  const alpha = Float32Array.from({ length: 256 }, (_, i) => (i % 16 < 6 ? 0 : 1));
  const data = Float32Array.from({ length: 768 }, (_, i) => (i % 16 < 6 ? hidden : 0.5 + 0.4 * Math.sin(i)));
  return createImage(16, 16, 3, data, { alpha });
};

describe("colour under transparency", () => {
  it("is replaced by what the visible pixels continue to", () => {
    const alpha = Float32Array.of(0, 0, 1, 1, 0);
    const filled = withoutHiddenColours(createImage(5, 1, 1, Float32Array.of(0, 1, 0.25, 0.5, 0), { alpha }));
    expect([...filled.data]).toEqual([0.25, 0.25, 0.25, 0.5, 0.5]);
    const invisible = createImage(2, 1, 1, undefined, { alpha: new Float32Array(2) });
    expect(withoutHiddenColours(invisible)).toBe(invisible);
  });

  it.each([
    { name: "denoise" as const },
    { name: "super-resolution" as const, scale: 2 },
    { name: "deblur" as const, kernel: { type: "gaussian" as const, std: 1 } },
  ])("reaches neither the visible pixels nor the noise estimate: $name", async (task) => {
    const run = (hidden: number) =>
      restore({
        image: image(hidden),
        task,
        prior,
        engine,
        preset: "fast",
        options: task.name === "denoise" ? {} : { steps: 2 },
      });
    const [black, white] = [await run(0), await run(1)];
    expect(white.noise).toEqual(black.noise);
    expect(white.images[0]).toEqual(black.images[0]);
  });

  const files = ["s32_black", "s32_yellow"].map((name) => shared(`cases/${name}.png`));
  it.skipIf(!files[0].present)("is all that s32_black.png and s32_yellow.png differ in", async () => {
    const task = { name: "super-resolution" as const, scale: 2 };
    const [a, b] = await Promise.all(files.map(({ path }) => readImage(path)));
    expect(a.data).not.toEqual(b.data);
    const [x, y] = [a, b].map((picture) => planRestoration({ image: picture, task, prior, engine }, 512));
    expect(y.y).toEqual(x.y);
    expect(y.noise).toEqual(x.noise);
  });

  const smile = shared("cases/smile48.png");
  it.skipIf(!smile.present)("darkens no rim of smile48.png", async () => {
    const picture = await readImage(smile.path);
    const { data } = withoutHiddenColours(picture);
    const n = 48 * 48;
    const darkest = (values: Float32Array, of: (i: number) => boolean) =>
      values.reduce((least, v, i) => (of(i % n) ? Math.min(least, v) : least), 1);
    const shows = (i: number) => (picture.alpha as Float32Array)[i] > 0;
    expect(darkest(picture.data, (i) => !shows(i))).toBeLessThan(darkest(picture.data, shows) + 1e-6);
    expect(darkest(data, (i) => !shows(i))).toBeGreaterThanOrEqual(darkest(picture.data, shows));
  });
});

describe("a picture that uses a small part of its range", () => {
  const bright = createImage(
    16,
    12,
    3,
    Float32Array.from({ length: 576 }, (_, i) => 0.5 + 0.5 * Math.sin(i * i)),
  );
  bright.data[7] = 1;
  const dark: Image = { ...bright, data: bright.data.map((v) => v / 16), meta: { ...bright.meta, bitDepth: 16 } };

  it.each([
    ["denoise", { name: "denoise" as const }],
    ["deblur", { name: "deblur" as const, kernel: { type: "gaussian" as const, std: 1 } }],
  ])("is restored as its bright counterpart and brought back: %s", async (_, task) => {
    const options = task.name === "denoise" ? {} : { steps: 3 };
    const run = (picture: Image, noise: number) =>
      restore({ image: picture, noise, task, prior, engine, preset: "fast", options });
    const [a, b] = [await run(bright, 0.1), await run(dark, 0.1 / 16)];
    const worst = Math.max(...b.images[0].data.map((v, i) => Math.abs(16 * v - a.images[0].data[i])));
    expect(worst).toBeLessThan(1e-5);
    expect(b.remarks).toContain(
      "its brightest value is 0.063 of white: made 16.0 times as bright inside and brought back",
    );
    expect(a.remarks.join()).not.toContain("brightest");
  });

  it("keeps known pixels to the bit, and the estimated noise on its own scale", () => {
    const known = Uint8Array.from({ length: 192 }, (_, i) => (i % 7 === 0 ? 0 : 1));
    const mask = { width: 16, height: 12, known, missing: 28 };
    const plan = planRestoration({ image: dark, task: { name: "inpaint", mask }, noise: 0, prior, engine }, 512);
    expect(plan.gain).toBeCloseTo(16, 5);
    expect(plan.kept?.reduce((sum, v) => sum + v, 0)).toBe(3 * (192 - 28));
    const { noise, sigmaY } = planRestoration({ image: dark, task: { name: "denoise" }, prior, engine }, 512);
    expect(noise.sigma).toBeGreaterThan(0);
    expect(sigmaY / noise.sigma).toBeCloseTo(2 * 16, 4);
  });
});
