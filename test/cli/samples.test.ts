import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readImage } from "../../src/node/pictures.ts";
import { contents, photo, save, scratch, tweedie } from "./helpers.ts";

const tiny = join(import.meta.dirname, "../priors/golden/tiny-prior/card.json");
const args = ["--task", "denoise", "--noise", "0.1", "--model", tiny, "--threads", "1"];
const short = ["--solver", "dps", "--option", "steps=3", "sigmaMax=1"];

describe("restore --samples", () => {
  it("writes the samples, their mean and their standard deviation, and replays them", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    const { code, out } = await tweedie("restore", image, ...args, ...short, "--samples", "3", "-o", output);
    expect(code).toBe(0);
    expect(out).toMatch(/samples +mean and standard deviation of 3.*white is 0\.\d+ \(\d+.*\/255\)/);
    const names = ["out-1.png", "out-2.png", "out-3.png", "out-mean.png", "out-std.png"];
    const before = await contents(folder);
    expect(Object.keys(before)).toEqual(["in.png", ...names, "out.json"]);

    const pictures = await Promise.all(names.map((name) => readImage(join(folder, name))));
    const mean = pictures[3];
    const largest = mean.data.reduce((worst, v, i) => {
      const own = (pictures[0].data[i] + pictures[1].data[i] + pictures[2].data[i]) / 3;
      return Math.max(worst, Math.abs(v - own));
    }, 0);
    expect(largest).toBeLessThan(1.01 / 255); // each is rounded to 8 bits
    expect(pictures[4].channels).toBe(1);
    const { run } = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(run.samples).toMatchObject({ number: 3, posterior: true, standardDeviation: { white: expect.any(Number) } });

    for (const name of ["out-2.png", "out-std.png"]) await rm(join(folder, name));
    expect(await tweedie("replay", join(folder, "out.json"))).toMatchObject({ code: 0 });
    expect(await contents(folder)).toEqual(before);
  });

  it("does not replay over a mean that has changed since", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    await tweedie("restore", image, ...args, ...short, "--samples", "2", "-o", output);
    const record = join(folder, "out.json");
    const manifest = JSON.parse(await readFile(record, "utf8"));
    expect(manifest.outputs.map(({ path }: { path: string }) => path)).toEqual([
      "out-1.png",
      "out-2.png",
      "out-mean.png",
      "out-std.png",
    ]);
    await save(join(folder, "out-mean.png"), await photo());
    const changed = await tweedie("replay", record);
    expect(changed.code).toBe(1);
    expect(changed.err).toMatch(/out-mean\.png: expected the result that .* records, got a file that has changed/);
  });

  it("says when a solver draws no samples of the posterior", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const seeking = ["--solver", "red-diff", "--option", "steps=2"];
    const output = join(folder, "out.png");
    const { out } = await tweedie("restore", image, ...args, ...seeking, "--samples", "2", "-o", output);
    expect(out).toMatch(/red-diff seeks one picture: these are no samples of the posterior/);
    const { run } = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(run.samples.posterior).toBe(false);
  });
});
