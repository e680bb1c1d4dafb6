import { describe, expect, it } from "vitest";
import {
  parseBlur,
  parseNoise,
  readOption,
  readSolverOptions,
  readTask,
  spreadOptions,
} from "../../src/cli/arguments.ts";
import { UsageError } from "../../src/cli/errors.ts";

describe("parseNoise", () => {
  it("reads numbers and fractions on the 0..1 scale", () => {
    expect(parseNoise("0.05")).toBe(0.05);
    expect(parseNoise("25/255")).toBe(25 / 255);
    expect(parseNoise("0")).toBe(0);
    expect(parseNoise(".5")).toBe(0.5);
    expect(parseNoise("1e-3")).toBe(1e-3);
  });

  it.each(["25", "-0.1", "NaN", "Infinity", "", "1/0", "0/0", "a", "5%", "1/2/3"])("refuses %s", (text) => {
    expect(() => readOption({ noise: text }, "noise")).toThrow(UsageError);
  });
});

describe("readOption", () => {
  it.each([
    ["seed", "1.5"],
    ["seed", "-1"],
    ["seed", "9007199254740993"],
    ["steps", "0"],
    ["steps", "NaN"],
    ["scale", "1"],
    ["scale", "2.5"],
    ["samples", "many"],
    ["preset", "quick"],
    ["task", "upscale"],
    ["size", "256"],
    ["threads", "0"],
  ] as const)("refuses --%s %s and says what it expected", (name, value) => {
    expect(() => readOption({ [name]: value }, name)).toThrow(
      expect.objectContaining({ got: value, message: expect.stringContaining(`--${name}: expected`) }),
    );
  });

  it("leaves out what was not given", () => {
    expect(readOption({}, "seed")).toBeUndefined();
    expect(readOption({ seed: "42" }, "seed")).toBe(42);
  });
});

describe("readTask", () => {
  it("fills in the defaults of each task", () => {
    expect(readTask({ task: "super-resolution", scale: "4" })).toEqual({
      task: "super-resolution",
      scale: 4,
      kernel: "bicubic",
    });
    expect(readTask({ task: "deblur", kernel: "gaussian:2" })).toEqual({
      task: "deblur",
      kernel: "gaussian:2",
      border: "reflect",
    });
    expect(readTask({ task: "inpaint" })).toEqual({ task: "inpaint" });
  });

  it.each([
    [{}, "--task: expected inpaint"],
    [{ task: "super-resolution" }, "--scale: expected"],
    [{ task: "deblur" }, "--kernel: expected gaussian:STD"],
    [{ task: "denoise", mask: "m.png" }, "--mask: expected no --mask with --task denoise"],
    [{ task: "inpaint", scale: "2" }, "--scale: expected no --scale with --task inpaint"],
    [{ task: "super-resolution", scale: "2", kernel: "gaussian:1" }, "--kernel: expected box or bicubic"],
    [{ task: "deblur", kernel: "gaussian:x" }, "--kernel: expected gaussian:STD"],
    [{ task: "deblur", kernel: "motion:15" }, "--kernel: expected motion:LENGTH,ANGLE"],
  ])("refuses %j", (raw, message) => {
    expect(() => readTask(raw)).toThrow(message);
  });
});

describe("parseBlur", () => {
  it("reads Gaussian and motion kernels, and takes all else for a file", () => {
    expect(parseBlur("gaussian:1.5")).toEqual({ type: "gaussian", std: 1.5 });
    expect(parseBlur("motion:15,-30")).toEqual({ type: "motion", length: 15, angle: -30 });
    expect(parseBlur("kernel.png")).toBeUndefined();
  });

  it.each([
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

describe("solver options", () => {
  it("reads values as JSON where they are some, else as text", () => {
    const option = ["lambda=0.5", "weighting=sqrt", "warm=true", "name=a=b"];
    expect(readSolverOptions({ option })).toEqual({ lambda: 0.5, weighting: "sqrt", warm: true, name: "a=b" });
  });

  it.each(["lambda", "=1"])("refuses %s", (text) => {
    expect(() => readSolverOptions({ option: [text] })).toThrow("--option: expected key=value");
  });

  it("takes several after one --option", () => {
    expect(spreadOptions(["restore", "--option", "a=1", "b=2", "in.png", "--seed", "3", "c=4"])).toEqual([
      "restore",
      "--option",
      "a=1",
      "--option",
      "b=2",
      "in.png",
      "--seed",
      "3",
      "c=4",
    ]);
    expect(spreadOptions(["--option", "a=1", "--option", "b=2"])).toEqual(["--option", "a=1", "--option", "b=2"]);
  });
});
