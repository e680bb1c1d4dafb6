import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readImage } from "../../src/node/pictures.ts";
import { createImage, toGrey } from "../../src/pictures/index.ts";
import { contents, cross, photo, save, scratch, tweedie } from "./helpers.ts";

const quick = ["--preset", "fast", "--steps", "2", "--option", "inner=1", "--threads", "1"];

describe("tweedie restore", () => {
  it.each([
    ["denoise", ["--noise", "25/255"], [32, 24, 3]],
    ["deblur", ["--kernel", "gaussian:1", "--noise", "0.01"], [32, 24, 3]],
    ["deblur", ["--kernel", "motion:5,30", "--border", "circular"], [32, 24, 3]],
    ["super-resolution", ["--scale", "2", "--kernel", "box"], [64, 48, 3]],
    ["super-resolution", ["--scale", "3"], [96, 72, 3]],
    ["colorize", [], [32, 24, 3]],
  ])("does %s %j, reports it and records it", async (task, options, size) => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    const steps = task === "denoise" ? quick.slice(-2) : quick;
    const { code, out, err } = await tweedie("restore", image, "--task", task, ...options, ...steps, "-o", output);
    expect(err).toBe("");
    expect(code).toBe(0);
    const result = await readImage(output);
    expect([result.width, result.height, result.channels]).toEqual(size);
    for (const word of ["task", "noise", "solver", "network forward", "VJP", "residual", output])
      expect(out).toContain(word);
    const manifest = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(manifest).toMatchObject({ command: "restore", inputs: { image: { path: "in.png" } } });
    expect(manifest.run.forwards).toBeGreaterThan(0);
    expect(Object.keys(await contents(folder))).toEqual(["in.png", "out.json", "out.png"]);
  });

  it("prints the noise that it estimated", async () => {
    const folder = await scratch();
    const clean = await save(
      join(folder, "clean.png"),
      createImage(48, 48, 3, new Float32Array(48 * 48 * 3).fill(0.5)),
    );
    const noisy = join(folder, "noisy.png");
    await tweedie("degrade", clean, "--task", "denoise", "--noise", "0.1", "-o", noisy);
    const { out } = await tweedie("restore", noisy, "--task", "denoise", "-o", join(folder, "out.png"));
    expect(out).toMatch(/noise +0\.(09|1)\d* .*estimated/);
  });

  it("--keep-known leaves noisy known pixels as they were, reports the seam, and can be replayed", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    const options = ["--task", "inpaint", "--mask", "box:8", "--noise", "0.1", "--keep-known", ...quick];
    const { code, out, err } = await tweedie("restore", image, ...options, "-o", output);
    expect(err).toBe("");
    expect(code).toBe(0);
    const [before, after] = [await readImage(image), await readImage(output)];
    expect(after.data.filter((v, i) => v !== before.data[i]).length).toBeLessThanOrEqual(3 * 64);
    expect(out).toMatch(/residual +0: every known pixel/);
    expect(out).toMatch(/seam +the border of the hole jumps [\d.]+ times/);
    const { run, arguments: given } = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(given.keepKnown).toBe(true);
    expect(run).toMatchObject({ keptKnown: true, seam: { ratio: expect.any(Number), visible: expect.any(Boolean) } });
    expect((await tweedie("replay", join(folder, "out.json"))).code).toBe(0);
  });

  it("fills a mask and leaves every other pixel of the file as it was", async () => {
    for (const bitDepth of [8, 16] as const) {
      const folder = await scratch();
      const source = await photo();
      const data = source.data.map((v, i) =>
        bitDepth === 16 ? Math.min(1, Math.round(v * 65535 + (i % 200)) / 65535) : v,
      );
      const image = await save(join(folder, "in.png"), { ...source, data, meta: { ...source.meta, bitDepth } });
      const mask = await save(join(folder, "mask.png"), cross(32, 24));
      const output = join(folder, "out.png");
      const { code, err } = await tweedie(
        "restore",
        image,
        "--task",
        "inpaint",
        "--mask",
        mask,
        ...quick,
        "-o",
        output,
      );
      expect([code, err]).toEqual([0, ""]);
      const [before, after, holes] = [await readImage(image), await readImage(output), await readImage(mask)];
      expect(after.meta.bitDepth).toBe(bitDepth);
      const n = 32 * 24;
      const changed = after.data.map((v, i) => (v === before.data[i] ? 0 : 1));
      expect(changed.some((c, i) => c === 1 && holes.data[i % n] === 0)).toBe(false);
      expect(changed.some((c) => c === 1)).toBe(true);
    }
  });

  it("fills what degrade made transparent, and measures the likeness to a reference", async () => {
    const folder = await scratch();
    const clean = await save(join(folder, "clean.png"), await photo());
    const mask = await save(join(folder, "mask.png"), cross(32, 24));
    const damaged = join(folder, "damaged.png");
    await tweedie("degrade", clean, "--task", "inpaint", "--mask", mask, "-o", damaged);
    expect((await readImage(damaged)).alpha?.includes(0)).toBe(true);
    const output = join(folder, "out.png");
    const args = [
      "--task",
      "inpaint",
      "--noise",
      "0",
      "--reference",
      clean,
      "--threads",
      "1",
      "--preset",
      "fast",
      "--json",
    ];
    const { code, out, err } = await tweedie("restore", damaged, ...args, "-o", output);
    expect([code, err]).toEqual([0, ""]);
    const { run } = JSON.parse(out);
    expect((await readImage(output)).alpha).toBeUndefined();
    expect(run.metrics.psnr).toBeGreaterThan(run.before.psnr + 3);
    expect(run.metrics.ssim).toBeGreaterThan(run.before.ssim);
  });

  it("keeps grey pictures grey", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), toGrey(await photo()));
    const output = join(folder, "out.png");
    const { code } = await tweedie("restore", image, "--task", "denoise", "--noise", "0.1", "-o", output);
    expect(code).toBe(0);
    expect((await readImage(output)).channels).toBe(1);
  });

  it("writes nothing but one JSON value to standard output with --json", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    const { out, err } = await tweedie("restore", image, "--task", "denoise", "--noise", "0.1", "--json", "-o", output);
    const printed = JSON.parse(out);
    const { manifest, ...rest } = printed;
    expect(rest).toEqual(JSON.parse(await readFile(manifest, "utf8")));
    expect(err).toBe("");
    const failed = await tweedie("restore", join(folder, "none.png"), "--task", "denoise", "--json", "-o", output);
    expect(JSON.parse(failed.out)).toMatchObject({ error: { code: "missing-file" } });
    expect(failed.code).toBe(1);
  });

  it("draws several samples, the first of them as if it were alone", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const mask = await save(join(folder, "mask.png"), cross(32, 24));
    const args = ["restore", image, "--task", "inpaint", "--mask", mask, "--seed", "7", ...quick];
    await tweedie(...args, "--samples", "2", "-o", join(folder, "many.png"));
    await tweedie(...args, "-o", join(folder, "one.png"));
    const files = await contents(folder);
    expect(Object.keys(files)).toEqual([
      "in.png",
      "many-1.png",
      "many-2.png",
      "many-mean.png",
      "many-std.png",
      "many.json",
      "mask.png",
      "one.json",
      "one.png",
    ]);
    expect(files["many-1.png"]).toBe(files["one.png"]);
    expect(files["many-2.png"]).not.toBe(files["many-1.png"]);
  });

  it("records the value of every option, so that new defaults change no old result", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    const option = ["--solver", "red-diff", "--option", "lambda=0.5", "weighting=sqrt", "--steps", "3"];
    await tweedie("restore", image, "--task", "deblur", "--kernel", "gaussian:1", ...option, "-o", output);
    const { arguments: recorded } = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(recorded).toMatchObject({
      solver: "red-diff",
      preset: "balanced",
      seed: 0,
      samples: 1,
      border: "reflect",
      option: { lambda: 0.5, weighting: "sqrt", steps: 3, parallel: 1 },
    });
    expect(recorded.noise).toBeGreaterThanOrEqual(0);
    expect(recorded.threads).toBeGreaterThan(0);
  });
});

describe("tweedie sample", () => {
  it("draws pictures of the size asked for", async () => {
    const folder = await scratch();
    const output = join(folder, "out.png");
    const { code, out } = await tweedie("sample", "--size", "24x16", "--steps", "3", "-o", output);
    expect(code).toBe(0);
    expect(out).toContain("5 network forwards");
    const { width, height, data } = await readImage(output);
    expect([width, height]).toEqual([24, 16]);
    expect(Math.max(...data) - Math.min(...data)).toBeGreaterThan(0.02);
    expect((await tweedie("replay", join(folder, "out.json"))).code).toBe(0);
  });
});

describe("tweedie models", () => {
  it("lists, shows and checks the embedded prior", async () => {
    const list = await tweedie("models", "list");
    expect(list.out).toContain("natural");
    const show = await tweedie("models", "show", "natural", "--json");
    expect(JSON.parse(show.out)).toMatchObject({ name: "natural", image: { channels: 3 } });
    const check = await tweedie("models", "check");
    expect([check.code, check.err]).toEqual([0, ""]);
    expect(check.out).toContain("loads and denoises");
  });
});

describe("tweedie replay", () => {
  const restored = async (...extra: string[]) => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const mask = await save(join(folder, "mask.png"), cross(32, 24));
    const [output, record] = [join(folder, "out.png"), join(folder, "out.json")];
    await tweedie("restore", image, "--task", "inpaint", "--mask", mask, ...quick, ...extra, "-o", output);
    return { folder, image, output, record };
  };

  it("gives the same bytes, wherever they are written", async () => {
    const { folder, output, record } = await restored();
    const bytes = await readFile(output);
    const first = await tweedie("replay", record);
    expect([first.code, first.err]).toEqual([0, ""]);
    expect(first.out).toContain("the same as recorded");
    expect(first.out).not.toContain("written");
    await rm(output);
    expect((await tweedie("replay", record)).out).toContain("written");
    expect((await readFile(output)).equals(bytes)).toBe(true);
    const other = join(folder, "other.png");
    expect((await tweedie("replay", record, "-o", other)).code).toBe(0);
    expect((await readFile(other)).equals(bytes)).toBe(true);
    expect((await tweedie("replay", join(folder, "other.json"))).code).toBe(0);
  });

  it("follows degrade too", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const output = join(folder, "out.png");
    await tweedie("degrade", image, "--task", "denoise", "--noise", "0.1", "-o", output);
    expect((await tweedie("replay", join(folder, "out.json"))).code).toBe(0);
  });

  it("says which input is not the recorded one", async () => {
    const { image, record } = await restored();
    await save(image, createImage(32, 24, 3));
    const { code, err } = await tweedie("replay", record);
    expect(code).not.toBe(0);
    expect(err).toMatch(/in\.png: expected the recorded file \(sha256 .*\), got another one/);
  });

  it("does not overwrite a result that has changed since", async () => {
    const { output, record } = await restored();
    await writeFile(output, "mine");
    const { code, err } = await tweedie("replay", record);
    expect(code).toBe(1);
    expect(err).toContain("a file that has changed since");
    expect(await readFile(output, "utf8")).toBe("mine");
  });

  it("says what differs when the bytes do, and writes nothing", async () => {
    const { output, record } = await restored();
    const manifest = JSON.parse(await readFile(record, "utf8"));
    manifest.arguments.seed = 99;
    manifest.versions.onnxruntime = "0.0.1";
    await writeFile(record, JSON.stringify(manifest));
    await rm(output);
    const { code, out, err } = await tweedie("replay", record);
    expect(code).toBe(1);
    expect(err).toContain("expected the recorded bytes, got others");
    expect(out).toMatch(/onnxruntime .* here, 0\.0\.1 in the record/);
    await expect(readFile(output)).rejects.toThrow();
  });

  it.each([
    ["no JSON at all", "not JSON"],
    ["JSON that is no record", "{}"],
  ])("refuses %s", async (_, text) => {
    const path = join(await scratch(), "x.json");
    await writeFile(path, text);
    const { code, err } = await tweedie("replay", path);
    expect(code).toBe(2);
    expect(err).toMatch(/x\.json: expected a record that tweedie wrote/);
  });
});
