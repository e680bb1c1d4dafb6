import { describe, expect, it } from "vitest";
import { restoreSchema } from "../../src/cli/commands/restore.ts";
import { UsageError } from "../../src/cli/errors.ts";
import { parseNoise } from "../../src/cli/noise-text.ts";
import { type RawOptions, readOptions, spreadOptions } from "../../src/cli/options.ts";
import { tweedie } from "./helpers.ts";

const read = (raw: RawOptions) => readOptions(restoreSchema, { output: "out.png", ...raw }, { image: "in.png" });

describe("parseNoise", () => {
  it("reads numbers and fractions on the 0..1 scale", () => {
    expect(parseNoise("0.05")).toBe(0.05);
    expect(parseNoise("25/255")).toBe(25 / 255);
    expect(parseNoise("0")).toBe(0);
    expect(parseNoise(".5")).toBe(0.5);
    expect(parseNoise("1e-3")).toBe(1e-3);
  });

  it("reads kinds of noise", () => {
    expect(parseNoise("gaussian:0.1")).toBe(0.1);
    expect(parseNoise("poisson:0.5")).toEqual({ kind: "poisson", rate: 0.5 });
    expect(parseNoise("salt-pepper:1/50")).toEqual({ kind: "salt-pepper", fraction: 0.02 });
  });

  it.each([
    "poisson:0",
    "poisson:",
    "salt-pepper:2",
    "gaussian:x",
    "speckle:0.1",
    "25",
    "-0.1",
    "NaN",
    "Infinity",
    "",
    "1/0",
    "0/0",
    "a",
    "5%",
    "1/2/3",
  ])("refuses %s", (text) => {
    expect(() => read({ noise: text })).toThrow(UsageError);
  });
});

describe("readOptions", () => {
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
    ["size", "256"],
    ["threads", "0"],
  ] as const)("refuses --%s %s and says what it expected", (name, value) => {
    expect(() => read({ [name]: value })).toThrow(
      expect.objectContaining({ got: value, message: expect.stringContaining(`--${name}: expected`) }),
    );
  });

  it("fills in defaults, and leaves out what has none", () => {
    expect(read({})).toEqual({
      image: "in.png",
      output: "out.png",
      model: "natural",
      preset: "balanced",
      samples: 1,
      seed: 0,
      option: {},
      checkpoint: 10,
    });
    expect(read({ seed: "42" }).seed).toBe(42);
  });
});

describe("spellings", () => {
  it("takes --prior for --model, and asks for what must be given", () => {
    expect(read({ prior: "natural-small" }).model).toBe("natural-small");
    expect(() => readOptions(restoreSchema, {}, { image: "in.png" })).toThrow(
      "-o: expected a name for the result, such as OUT.png, got nothing",
    );
  });

  it("are unique in every command", async () => {
    for (const name of ["restore", "degrade", "sample", "check", "calibrate", "replay"]) {
      const { out, code } = await tweedie(name, "--help");
      expect(code).toBe(0);
      const flags = [...out.matchAll(/^ {2}(-\w, )?(--[\w-]+)/gm)].map((match) => match[2]);
      expect(new Set(flags).size).toBe(flags.length);
      expect(flags).toContain("--json");
    }
  });
});

describe("solver options", () => {
  it("reads values as JSON where they are some, else as text", () => {
    const option = ["lambda=0.5", "weighting=sqrt", "warm=true", "name=a=b"];
    expect(read({ option }).option).toEqual({ lambda: 0.5, weighting: "sqrt", warm: true, name: "a=b" });
  });

  it.each(["lambda", "=1"])("refuses %s", (text) => {
    expect(() => read({ option: [text] })).toThrow("--option: expected key=value");
  });

  it("takes several after one --param too", () => {
    expect(spreadOptions(["--param", "a=1", "b=2", "--option", "c=3", "d=4", "x.png", "e=5"])).toEqual([
      "--param",
      "a=1",
      "--param",
      "b=2",
      "--option",
      "c=3",
      "--option",
      "d=4",
      "x.png",
      "e=5",
    ]);
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
