import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadPrior } from "../../src/node/models.ts";
import { readImage } from "../../src/node/pictures.ts";
import { createImage, type Image } from "../../src/pictures/index.ts";
import type { Prior } from "../../src/priors/index.ts";
import { degrade, restore, sample } from "../../src/restore/index.ts";

const photo = join(import.meta.dirname, "../../examples/photo.png");

let engine: Engine;
let prior: Prior;
let clean: Image;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  prior = await loadPrior("latent");
  clean = crop(await readImage(photo), 64, 64, 62, 50); // on no grid of the autoencoder
});
afterAll(() => engine.dispose());

function crop({ data, width, height }: Image, left: number, top: number, w: number, h: number): Image {
  const at = (c: number, y: number, x: number) => data[(c * height + top + y) * width + left + x];
  const pixels = Float32Array.from({ length: 3 * w * h }, (_, i) =>
    at(Math.floor(i / (w * h)), Math.floor(i / w) % h, i % w),
  );
  return createImage(w, h, 3, pixels);
}

describe("the embedded latent model", () => {
  it("is a latent model that may be used freely", () => {
    expect(prior.latent).toMatchObject({ kind: "kl", channels: 3, latents: 4, factor: 4 });
    expect(prior.card.licence).toContain("MIT");
    expect(prior.card.autoencoder?.weights.bytes ?? 0).toBeGreaterThan(0);
    expect((prior.card.weights?.bytes ?? 0) + (prior.card.autoencoder?.weights.bytes ?? 0)).toBeLessThan(24e6);
  });

  it.each(["dps", "red-diff", "vml-map"] as const)("restores a photo with %s", async (solver) => {
    const task = { name: "super-resolution", scale: 2 } as const;
    const noise = 0.02;
    const image = await degrade({ image: clean, task, noise, engine });
    const options = { dps: { steps: 15 }, "red-diff": { steps: 40 }, "vml-map": { steps: 4, inner: 3 } }[solver];
    const { images, run } = await restore({ image, task, noise, prior, solver, options, engine });
    expect([images[0].width, images[0].height]).toEqual([62, 50]);
    expect(run.roundTrip?.psnr).toBeGreaterThan(27);
    expect(run.counts.decodes).toBeGreaterThan(0);
    expect(psnr(images[0].data, clean.data, 1)).toBeGreaterThan(20);
  });

  it("draws pictures of any size", async () => {
    const { images } = await sample({ prior, width: 40, height: 28, options: { steps: 4 }, engine });
    expect([images[0].width, images[0].height]).toEqual([40, 28]);
    const mean = images[0].data.reduce((s, v) => s + v, 0) / images[0].data.length;
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(1);
    expect(Math.max(...images[0].data) - Math.min(...images[0].data)).toBeGreaterThan(0.05);
  });
});
