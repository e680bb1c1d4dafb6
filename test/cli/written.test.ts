import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shared } from "../helpers/shared.ts";
import { cross, expectOneLine, photo, save, scratch, tweedie } from "./helpers.ts";

const quick = ["--preset", "fast", "--steps", "2", "--option", "inner=1", "--threads", "1", "--noise", "0"];

describe("the report of a run", () => {
  it("speaks of the file that was written: JPEG changes known pixels, PNG does not", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const mask = await save(join(folder, "mask.png"), cross(32, 24));
    const args = ["restore", image, "--task", "inpaint", "--mask", mask, ...quick, "--json"];
    const jpeg = await tweedie(...args, "-o", join(folder, "a.jpg"));
    expect(jpeg.code, jpeg.err).toBe(0);
    expect(JSON.parse(jpeg.out).run.keptKnown).toBe(false);
    const png = await tweedie(...args, "-o", join(folder, "b.png"));
    expect(JSON.parse(png.out).run.keptKnown).toBe(true);
    const { out } = await tweedie(...args.slice(0, -1), "-o", join(folder, "c.jpg"));
    expect(out).toMatch(
      /residual +the format of the result changes \d+ % of the known values, by up to [\d.]+\/255: write a \.png/,
    );
    expect(out).not.toContain("every known pixel is exactly as it was");
  });

  const cases = shared("cases");
  it.skipIf(!cases.present).each(["dem_i16.tif", "f32_01.tif"])("%s is refused with a way out", async (name) => {
    const folder = await scratch();
    const ended = await tweedie("restore", join(cases.path, name), "--task", "denoise", "-o", join(folder, "o.png"));
    expectOneLine(ended, /expected 8- or 16-bit integer samples/);
    expect(ended.err).toContain("save its numbers as .npy (numpy.save) and say with --range");
  });

  it("--kernel-centre goes with deblur alone", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const args = ["restore", image, "--task", "denoise", "--kernel-centre", "auto", "-o", join(folder, "o.png")];
    expectOneLine(await tweedie(...args), /--kernel-centre: expected no --kernel-centre with --task denoise/);
  });
});
