import { describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { readImage, readKernel, readMask } from "../../src/node/pictures.ts";
import { centredKernel, createImage, createMask, kernelFromImage } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { restore } from "../../src/restore/index.ts";
import { planRestoration } from "../../src/restore/plan.ts";
import type { RestoreRequest } from "../../src/restore/request.ts";
import { shared } from "../helpers/shared.ts";

const prior = isotropicPrior(0, 0.0625);
/** What is said of the input; nothing is solved. */
const remarksOf = (request: Omit<RestoreRequest, "prior" | "engine">) =>
  planRestoration({ prior, engine: undefined as never, ...request }, 512).remarks;

describe("remarks on masks", () => {
  const image = createImage(10, 10, 1, new Float32Array(100).fill(0.5));
  const missing = (count: number) =>
    createMask(
      10,
      10,
      Uint8Array.from({ length: 100 }, (_, i) => (i < count ? 0 : 1)),
    );

  it("ask whether a mask is inverted where more than 90% is missing", () => {
    const of = (count: number) => remarksOf({ image, task: { name: "inpaint", mask: missing(count) }, noise: 0 });
    expect(of(90)).toEqual([]);
    expect(of(91)).toEqual(["91.0% of the picture is missing: is the mask inverted?"]);
  });

  it("refuse a picture whose transparency marks nothing", () => {
    const opaque = { ...image, alpha: new Float32Array(100).fill(0.6) };
    expect(() => remarksOf({ image: opaque, task: { name: "inpaint" } })).toThrow(
      /expected a mask, or a picture with transparent pixels/,
    );
  });

  const face = shared("cases/face_damaged.png");
  it.skipIf(!face.present).each(["mask_redonwhite", "mask_inv"])("ask it of %s.png", async (name) => {
    const damaged = await readImage(face.path);
    const mask = await readMask(shared(`cases/${name}.png`).path, damaged.width, damaged.height);
    expect(remarksOf({ image: damaged, task: { name: "inpaint", mask }, noise: 0 })).toContain(
      "96.0% of the picture is missing: is the mask inverted?",
    );
  });
});

describe("remarks on kernels", () => {
  const file = (name: string) => shared(`cases/${name}.png`).path;
  const deblur = (kernel: ReturnType<typeof kernelFromImage>) =>
    remarksOf({
      image: createImage(32, 32, 1),
      task: { name: "deblur", kernel: { type: "image", kernel } },
      noise: 0,
    });
  const pixels = (width: number, height: number, data: number[]) =>
    kernelFromImage(createImage(width, height, 1, Float32Array.from(data)));

  it("tell how far the result will move, that a size is even, and that a kernel is inverted", () => {
    expect(deblur(pixels(3, 3, [0, 0, 0, 0, 0, 0, 0, 0, 1]))).toEqual([
      expect.stringContaining("is (1, 1) px off its middle: the result will move by (-1, -1) px"),
    ]);
    expect(deblur(pixels(2, 2, [0, 0, 0, 1]))).toEqual([expect.stringContaining("size 2x2 is even")]);
    expect(deblur(pixels(3, 3, [1, 1, 1, 1, 0, 1, 1, 1, 1]))).toEqual([expect.stringContaining("is it inverted?")]);
    expect(deblur(pixels(3, 3, [1, 1, 1, 1, 1, 1, 1, 1, 1]))).toEqual([]);
  });

  it.skipIf(!shared("cases").present)(
    "k_off.png moves the result by (2, 4) px, and centred it is k_centred.png",
    async () => {
      const [off, centred] = [await readKernel(file("k_off")), await readKernel(file("k_centred"))];
      expect(deblur(off)).toEqual([
        expect.stringMatching(/the result will move by \(2, 4\.2\) px \(--kernel-centre auto/),
      ]);
      expect(deblur(centred)).toEqual([]);
      const moved = centredKernel(off);
      expect(deblur(moved)).toEqual([]);
      const [left, top] = [(centred.width - moved.width) / 2, (centred.height - moved.height) / 2];
      const same = centred.data.every((value, i) => {
        const [x, y] = [(i % centred.width) - left, Math.floor(i / centred.width) - top];
        const inside = x >= 0 && y >= 0 && x < moved.width && y < moved.height;
        return Math.abs(value - (inside ? moved.data[y * moved.width + x] : 0)) < 1e-12;
      });
      expect(same).toBe(true);
    },
  );
});

describe("remarks on files with several pictures", () => {
  it.skipIf(!shared("cases").present).each([
    ["anim.webp", "the file holds 4 frames: only the first of 4 is read"],
    ["multi.tif", "the file holds 4 pages: only the first of 4 is read"],
  ])("%s", async (name, remark) => {
    const image = await readImage(shared(`cases/${name}`).path);
    expect(remarksOf({ image, task: { name: "denoise" }, noise: 0 })).toContain(remark);
  });
});

describe("remarks on the result", () => {
  it("say that it does not explain the measurement", async () => {
    const engine = await createEngine({ threads: 1 });
    const natural = { ...prior, settings: "natural" as const };
    // Two steps with a weak pull to the data leave most of it unexplained.
    const image = createImage(
      16,
      16,
      3,
      Float32Array.from({ length: 768 }, (_, i) => i % 2),
    );
    const task = { name: "deblur" as const, kernel: { type: "gaussian" as const, std: 3 } };
    const run = (noise: number) => restore({ image, task, noise, prior: natural, engine, preset: "fast" });
    const [sharp, noisy] = [await run(0.001), await run(0.5)];
    await engine.dispose();
    expect(sharp.remarks).toContainEqual(
      expect.stringMatching(/does not explain the measurement: \d+% of what the data/),
    );
    expect(noisy.remarks).toEqual([]);
  });
});
