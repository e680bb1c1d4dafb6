import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readImage, readNpy } from "../../src/node/pictures.ts";
import { toGrey } from "../../src/pictures/index.ts";
import { contents, expectOneLine, photo, save, scratch, tweedie } from "./helpers.ts";

const quick = ["--preset", "fast", "--steps", "2", "--threads", "1"];

async function folderWith(width = 32, height = 24) {
  const folder = await scratch();
  const clean = await save(join(folder, "clean.png"), await photo(width, height));
  return { folder, clean, at: (name: string) => join(folder, name) };
}

describe("tasks whose measurement is an array", () => {
  it.each([
    ["compressed-sensing", ["--param", "ratio=0.5", "seed=3"], [3, 1, 384]],
    ["block-compressed-sensing", ["--param", "ratio=0.5", "block=16"], [3, 1, 384]],
    ["composition", ["--param", 'steps=[{"name":"hdr"},{"name":"super-resolution","scale":2}]'], [3, 12, 16]],
  ])("%s goes to a .npy file and back to a picture", async (task, params, shape) => {
    const { clean, at } = await folderWith();
    const y = at("y.npy");
    const made = await tweedie("degrade", clean, "--task", task, ...params, "--noise", "0.01", "-o", y);
    expect(made.code, made.err).toBe(0);
    expect(made.out).toContain(`numbers [${shape.join(", ")}]`);
    expect((await readNpy(y)).shape).toEqual(shape);
    const output = at("out.png");
    const args = ["--task", task, ...params, "--size", "32x24", "--noise", "0.01", "--reference", clean, ...quick];
    const { code, out, err } = await tweedie("restore", y, ...args, "-o", output);
    expect(code, err).toBe(0);
    expect(out).toContain(task);
    expect(out).toContain("PSNR");
    const result = await readImage(output);
    expect([result.width, result.height, result.channels]).toEqual([32, 24, 3]);
    expect((await tweedie("replay", at("y.json"))).code).toBe(0);
    if (task !== "compressed-sensing") return;
    const again = await tweedie("replay", at("out.json"));
    expect(again.code, again.err).toBe(0);
  });

  it("restores grey from grey, and the size that a square measurement tells", async () => {
    const { folder, at } = await folderWith();
    const grey = await save(join(folder, "grey.png"), toGrey(await photo(16, 16)));
    const task = ["--task", "compressed-sensing"];
    await tweedie("degrade", grey, ...task, "-o", at("y.npy"));
    expect((await readNpy(at("y.npy"))).shape).toEqual([1, 1, 64]);
    const { code, err } = await tweedie("restore", at("y.npy"), ...task, ...quick, "-o", at("out.png"));
    expect(code, err).toBe(0);
    const { width, height, channels } = await readImage(at("out.png"));
    expect([width, height, channels]).toEqual([16, 16, 1]);
  });

  it("says what is missing or does not fit", async () => {
    const { clean, at } = await folderWith();
    const task = ["--task", "compressed-sensing"];
    expectOneLine(
      await tweedie("degrade", clean, ...task, "-o", at("y.png")),
      /-o: expected a \.npy file, for a measurement of compressed-sensing is no picture/,
    );
    await tweedie("degrade", clean, ...task, "-o", at("y.npy"));
    expectOneLine(
      await tweedie("restore", at("y.npy"), ...task, "-o", at("o.png")),
      /compressed-sensing: expected the size of the picture, which its measurement does not tell/,
    );
    expectOneLine(
      await tweedie("restore", at("y.npy"), ...task, "--size", "31x24", "-o", at("o.png")),
      /measurement of compressed-sensing: expected \[3, 1, 186\], got \[3, 1, 192\]/,
    );
    expectOneLine(
      await tweedie("restore", at("y.npy"), "--task", "jpeg", "--param", "quality=0", "-o", at("o.png")),
      /jpeg\.quality: expected a value of at least 1, got 0/,
    );
    expectOneLine(await tweedie("restore", clean, "--task", "jpeg", "--param", "q=10", "-o", at("o.png")), /jpeg/);
    expectOneLine(
      await tweedie("restore", clean, "--task", "hdr", "--solver", "ddrm", "-o", at("o.png")),
      /ddrm: expected a linear operator, got hdr/,
    );
  });
});

describe("tasks whose measurement is a picture", () => {
  it.each([
    ["jpeg", ["--param", "quality=10"]],
    ["jpeg", ["--param", "quality=30", "subsampling=4:4:4", "rounding=smooth"]],
    ["hdr", []],
    ["quantize", ["--param", "bits=3"]],
  ])("%s %j goes to a picture and back", async (task, params) => {
    const { clean, at } = await folderWith(21, 17);
    const made = await tweedie("degrade", clean, "--task", task, ...params, "-o", at("y.png"));
    expect(made.code, made.err).toBe(0);
    const [y, x] = [await readImage(at("y.png")), await readImage(clean)];
    expect([y.width, y.height, y.channels]).toEqual([21, 17, 3]);
    expect(y.data).not.toEqual(x.data);
    const { code, out, err } = await tweedie(
      "restore",
      at("y.png"),
      "--task",
      task,
      ...params,
      ...quick,
      "-o",
      at("o.png"),
    );
    expect(code, err).toBe(0);
    expect(out).toMatch(/solver +red-diff/);
    const result = await readImage(at("o.png"));
    expect([result.width, result.height, result.channels]).toEqual([21, 17, 3]);
  });

  it("also goes through numbers, which keep more than the picture", async () => {
    const { clean, at } = await folderWith();
    await tweedie("degrade", clean, "--task", "super-resolution", "--scale", "2", "--noise", "0.1", "-o", at("y.npy"));
    const { shape, data } = await readNpy(at("y.npy"));
    expect(shape).toEqual([3, 12, 16]);
    expect(data.some((v) => v < -1 || v > 1)).toBe(true);
    const args = ["--task", "super-resolution", "--scale", "2", "--noise", "0.1", ...quick];
    const { code, err } = await tweedie("restore", at("y.npy"), ...args, "-o", at("x.npy"));
    expect(code, err).toBe(0);
    const x = await readNpy(at("x.npy"));
    expect(x.shape).toEqual([3, 24, 32]);
    expect(x.data.every((v) => v >= -1 && v <= 1)).toBe(true);
    const twice = await tweedie("degrade", at("x.npy"), "--task", "hdr", "-o", at("h.png"));
    expect(twice.code, twice.err).toBe(0);
  });
});

describe("masks that are made", () => {
  it("fall the same for one seed, are written on request, and are not needed again", async () => {
    const { clean, folder, at } = await folderWith();
    const args = ["--task", "inpaint", "--mask", "free-form:0.2-0.3", "--seed", "5", "--save-mask"];
    const made = await tweedie("degrade", clean, ...args, "-o", at("y.png"));
    expect(made.code, made.err).toBe(0);
    expect(Object.keys(await contents(folder))).toEqual(["clean.png", "y-mask.png", "y.json", "y.png"]);
    const mask = (await readImage(at("y-mask.png"))).data;
    const share = mask.reduce((a, b) => a + b, 0) / mask.length;
    expect(share).toBeGreaterThan(0.19);
    expect(share).toBeLessThan(0.31);
    const { alpha } = await readImage(at("y.png"));
    expect(Array.from(alpha ?? [])).toEqual(Array.from(mask, (v) => 1 - v));
    await tweedie("degrade", clean, ...args, "-o", at("z.png"));
    expect(await readFile(at("z.png"))).toEqual(await readFile(at("y.png")));
    expect((await tweedie("replay", at("y.json"))).code).toBe(0);
    for (const more of [[], ["--mask", "free-form:0.2-0.3", "--mask-seed", "5"]]) {
      const { code, out, err } = await tweedie(
        "restore",
        at("y.png"),
        "--task",
        "inpaint",
        ...more,
        ...quick,
        "-o",
        at("o.png"),
      );
      expect(code, err).toBe(0);
      expect(out).toContain(`inpaint ${mask.reduce((a, b) => a + b, 0)} missing pixels`);
    }
  });

  it("can be asked for in a file without transparency, and are refused where they do not fit", async () => {
    const { clean, at } = await folderWith();
    const made = await tweedie("degrade", clean, "--task", "inpaint", "--mask", "half:left", "-o", at("y.jpg"));
    expect(made.out).toContain("384 of 768 pixels, grey");
    const wide = await tweedie("degrade", clean, "--task", "inpaint", "--mask", "box:64", "-o", at("y.png"));
    expectOneLine(wide, /mask of type random-box: expected a rectangle inside 32x24, got 64x64/);
  });
});

describe("kinds of noise", () => {
  it.each([
    ["poisson:0.3", "Poisson of rate 0.3", "Poisson of rate 0.3, taken for Gaussian noise of", quick.slice(-2)],
    ["salt-pepper:0.1", "salt and pepper in 10 %", "salt and pepper: found, and filled in as missing", quick],
  ])("%s is added and undone: Poisson as Gaussian noise, salt and pepper as missing pixels", async (...row) => {
    const [noise, said, restored, work] = row;
    const { clean, at } = await folderWith();
    const made = await tweedie("degrade", clean, "--task", "denoise", "--noise", noise, "-o", at("y.png"));
    expect(made.code, made.err).toBe(0);
    expect(made.out).toContain(said);
    const args = ["--task", "denoise", "--noise", noise, "--reference", clean, ...work];
    const { code, out, err } = await tweedie("restore", at("y.png"), ...args, "-o", at("o.png"));
    expect(code, err).toBe(0);
    expect(out).toContain(restored);
    const { metrics, before } = JSON.parse(await readFile(at("o.json"), "utf8")).run;
    expect(metrics.psnr).toBeGreaterThan(before.psnr + 1);
  });

  it("can be salt and pepper on other tasks", async () => {
    const { clean, at } = await folderWith();
    const blur = ["--task", "deblur", "--kernel", "ddrm-gaussian", "--noise", "salt-pepper:0.05"];
    await tweedie("degrade", clean, ...blur, "-o", at("y.png"));
    const { code, err } = await tweedie("restore", at("y.png"), ...blur, ...quick, "-o", at("o.png"));
    expect(code, err).toBe(0);
  });
});

describe("tweedie tasks", () => {
  it("lists every task with its options", async () => {
    const { code, out } = await tweedie("tasks");
    expect(code).toBe(0);
    for (const name of ["inpaint", "deblur", "jpeg", "compressed-sensing"]) expect(out).toContain(name);
    expect(out).toContain("--param quality=… --param subsampling=… --param rounding=…");
    const list = JSON.parse((await tweedie("tasks", "--json")).out) as { name: string; measurement: string }[];
    expect(list.find(({ name }) => name === "jpeg")?.measurement).toBe("picture");
    expect(list.find(({ name }) => name === "compressed-sensing")?.measurement).toBe("array");
    expect(list.some(({ name }) => name === "blur")).toBe(false);
  });
});
