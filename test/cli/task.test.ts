import { describe, expect, it } from "vitest";
import { degradeSchema } from "../../src/cli/commands/degrade.ts";
import { size } from "../../src/cli/common-options.ts";
import { UsageError } from "../../src/cli/errors.ts";
import { parseBlur } from "../../src/cli/kernel-text.ts";
import { parseMask } from "../../src/cli/mask-text.ts";
import { type RawOptions, readOptions } from "../../src/cli/options.ts";
import { prepareTask } from "../../src/cli/work/task.ts";

/** What `--task` and what goes with it come to, without what every command has. */
async function readTask(raw: RawOptions): Promise<object> {
  const { args } = await prepareTask(
    readOptions(degradeSchema.extend({ size }), { output: "o.png", ...raw }, { image: "i.png" }),
  );
  const { image: _, output: __, seed: ___, ...task } = args;
  return task;
}

describe("prepareTask", () => {
  it("fills in the defaults of each task", async () => {
    expect(await readTask({ task: "super-resolution", scale: "4" })).toEqual({
      task: "super-resolution",
      scale: 4,
      kernel: "bicubic",
    });
    expect(await readTask({ task: "deblur", kernel: "gaussian:2" })).toEqual({
      task: "deblur",
      kernel: "gaussian:2",
      border: "reflect",
    });
    expect(await readTask({ task: "inpaint" })).toEqual({ task: "inpaint" });
    expect(await readTask({ task: "deblur", kernel: "ddrm-uniform" })).toMatchObject({ border: "zero" });
  });

  it("seeds a mask that is made by --seed, unless it has a seed of its own", async () => {
    const made = { task: "inpaint", mask: "random:0.7" };
    expect(await readTask(made)).toEqual({ ...made, maskSeed: 0 });
    expect(await readTask({ ...made, seed: "4" })).toEqual({ ...made, maskSeed: 4 });
    expect(await readTask({ ...made, seed: "4", maskSeed: "5" })).toEqual({ ...made, maskSeed: 5 });
    expect(await readTask({ task: "inpaint", mask: "m.png", seed: "4" })).toEqual({ task: "inpaint", mask: "m.png" });
  });

  it("takes every operator for a task, with its options", async () => {
    const param = ["steps=[1,2]", "name=text"];
    expect(await readTask({ task: "composition", param, size: "8x4" })).toEqual({
      task: "composition",
      param: { steps: [1, 2], name: "text" },
      size: "8x4",
    });
  });

  it.each([
    [{}, "--task: expected inpaint"],
    [{ task: "upscale" }, "--task: expected inpaint"],
    [{ task: "denoise", param: ["a=1"] }, "--param: expected no --param with --task denoise"],
    [{ task: "composition", param: ["a"] }, "--param: expected key=value"],
    [{ task: "inpaint", mask: "random:2" }, "--mask: expected random:FRACTION"],
    [{ task: "denoise", maskSeed: "1" }, "--mask-seed: expected no --mask-seed with --task denoise"],
    [{ task: "super-resolution" }, "--scale: expected"],
    [{ task: "deblur" }, "--kernel: expected gaussian:STD"],
    [{ task: "denoise", mask: "m.png" }, "--mask: expected no --mask with --task denoise"],
    [{ task: "inpaint", scale: "2" }, "--scale: expected no --scale with --task inpaint"],
    [{ task: "super-resolution", scale: "2", kernel: "gaussian:1" }, "--kernel: expected box, bicubic, bicubic-ddrm"],
    [{ task: "deblur", kernel: "gaussian:x" }, "--kernel: expected gaussian:STD"],
    [{ task: "deblur", kernel: "motion:15" }, "--kernel: expected motion:LENGTH,ANGLE"],
  ])("refuses %j", async (raw, message) => {
    await expect(readTask(raw)).rejects.toThrow(message);
  });
});

describe("parseBlur", () => {
  it("reads Gaussian and motion kernels, and takes all else for a file", () => {
    expect(parseBlur("gaussian:1.5")).toEqual({ type: "gaussian", std: 1.5 });
    expect(parseBlur("motion:15,-30")).toEqual({ type: "motion", length: 15, angle: -30 });
    expect(parseBlur("uniform:9")).toEqual({ type: "uniform", size: 9 });
    expect(parseBlur("anisotropic:4,1")).toEqual({ type: "anisotropic", std: 4, across: 1, angle: 0 });
    expect(parseBlur("trajectory:31,0.5,7")).toEqual({ type: "trajectory", size: 31, intensity: 0.5, seed: 7 });
    expect(parseBlur("ddrm-gaussian")).toEqual({ type: "gaussian", std: 10, size: 5, dropLastTap: true });
    expect(parseBlur("kernel.png")).toBeUndefined();
  });

  it.each([
    "uniform:8",
    "trajectory:31",
    "trajectory:31,2",
    "anisotropic:3",
    "gaussian:0",
    "gaussian:-1",
    "gaussian:NaN",
    "gaussian:1,2",
    "gaussian:",
    "motion:0,1",
    "motion:5,",
    "motion:1e9,0",
  ])("refuses %s", (text) => {
    expect(() => parseBlur(text)).toThrow(UsageError);
  });
});

describe("parseMask", () => {
  it("reads kinds of masks, and takes all else for a file", () => {
    expect(parseMask("random:.7", 3)).toEqual({ type: "random", missing: 0.7, seed: 3 });
    expect(parseMask("box:64", 3)).toEqual({ type: "random-box", width: 64, height: 64, margin: 0, seed: 3 });
    expect(parseMask("box:64x32+5+6", 3)).toEqual({ type: "box", width: 64, height: 32, left: 5, top: 6 });
    expect(parseMask("free-form:0.25", 3)).toEqual({ type: "free-form", missing: 0.25, seed: 3 });
    expect(parseMask("free-form:0.2-0.3", 3)).toEqual({ type: "free-form", missing: 0.2, most: 0.3, seed: 3 });
    expect(parseMask("half:top", 3)).toEqual({ type: "half", side: "top" });
    expect(parseMask("expand:0.5", 3)).toEqual({ type: "expand", known: 0.5 });
    expect(parseMask("mask.png", 3)).toBeUndefined();
    expect(parseMask("folder/random.png", 3)).toBeUndefined();
  });

  it.each(["random:", "random:1.5", "box:0", "box:64x", "free-form:0.3-0.2", "half:middle", "expand:x"])(
    "refuses %s",
    (text) => {
      expect(() => parseMask(text, 0)).toThrow(UsageError);
    },
  );
});
