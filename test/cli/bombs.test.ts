import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shared } from "../helpers/shared.ts";
import { expectOneLine, photo, save, scratch, tweedie } from "./helpers.ts";

describe("pictures that are larger than they look", () => {
  const bomb = shared("cases/hostile/bomb16k_1bit.png");
  it.skipIf(!bomb.present)("are refused before a pixel is decoded", async () => {
    const folder = await scratch();
    const before = process.memoryUsage().rss;
    const ended = await tweedie("restore", bomb.path, "--task", "denoise", "-o", join(folder, "o.png"));
    expectOneLine(ended, /expected at most 100000000 pixels, got 16\d\d\dx16\d\d\d/);
    expect(ended.err).toContain("--max-pixels");
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
  });

  it("--max-pixels sets the limit, for the input and for the result", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const args = ["restore", image, "--task", "super-resolution", "--scale", "4", "-o", join(folder, "o.png")];
    expectOneLine(await tweedie(...args, "--max-pixels", "700"), /expected at most 700 pixels, got 32x24 = 768/);
    expectOneLine(await tweedie(...args, "--max-pixels", "1000"), /result: expected at most 1000 pixels, got 128x96/);
  });
});
