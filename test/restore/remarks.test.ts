import { describe, expect, it } from "vitest";
import { readImage, readMask } from "../../src/node/pictures.ts";
import { createImage, createMask } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
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
