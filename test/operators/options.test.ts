import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TweedieError } from "../../src/errors.ts";
import { createOperator, defineOperator, listOperators, type OperatorSpec } from "../../src/operators/index.ts";
import type { Operator } from "../../src/operators/operator.ts";

const size = { domain: [1, 3, 8, 8] };
const refused = (spec: unknown, at: typeof size | { measurement: number[] } = size) => {
  try {
    createOperator(spec as OperatorSpec, at);
  } catch (error) {
    if (error instanceof TweedieError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
};
const gaussian = { type: "gaussian", std: 1 };

describe("createOperator says what it expected and what came", () => {
  it.each<[string, unknown, string]>([
    [
      "an unknown name",
      { name: "sharpen" },
      `invalid-option: operator: expected one of ${listOperators()
        .map(({ name }) => name)
        .join(", ")}, got sharpen`,
    ],
    ["an unknown option", { name: "denoise", sigma: 1 }, 'invalid-option: denoise: expected no options, got "sigma"'],
    [
      "a misspelt option",
      { name: "super-resolution", scale: 2, kernal: "box" },
      'invalid-option: super-resolution: expected options among scale, kernel, cutoff, got "kernal"',
    ],
    [
      "NaN",
      { name: "super-resolution", scale: Number.NaN },
      "invalid-option: super-resolution.scale: expected a finite number, got NaN",
    ],
    [
      "a fraction",
      { name: "super-resolution", scale: 2.5 },
      "invalid-option: super-resolution.scale: expected a whole number, got 2.5",
    ],
    [
      "too little",
      { name: "super-resolution", scale: 0 },
      "invalid-option: super-resolution.scale: expected a value of at least 1, got 0",
    ],
    [
      "a missing option",
      { name: "super-resolution" },
      "invalid-option: super-resolution.scale: expected a finite number, got nothing",
    ],
    [
      "a wrong word",
      { name: "blur", kernel: gaussian, border: "wrap" },
      'invalid-option: blur.border: expected one of "circular", "reflect", "zero", got "wrap"',
    ],
    [
      "NaN inside",
      { name: "blur", kernel: { type: "gaussian", std: Number.NaN } },
      "invalid-option: blur.kernel.std: expected a finite number, got NaN",
    ],
    [
      "a negative width",
      { name: "blur", kernel: { type: "gaussian", std: -1 } },
      "invalid-option: blur.kernel.std: expected a value above 0, got -1",
    ],
    [
      "an unknown kernel",
      { name: "blur", kernel: { type: "disc" } },
      'invalid-option: blur.kernel.type: expected one of "gaussian", "anisotropic", "uniform", "motion", "trajectory", "array", got "disc"',
    ],
    [
      "a mask without a part",
      { name: "inpaint", mask: { type: "random", missing: 0.5 } },
      "invalid-option: inpaint.mask.seed: expected a finite number, got nothing",
    ],
    [
      "an even size",
      { name: "blur", kernel: { type: "uniform", size: 4 } },
      "invalid-option: blur.kernel.size: expected an odd number, got 4",
    ],
    [
      "a kernel that sums to zero",
      { name: "blur", kernel: { type: "array", height: 1, width: 2, values: [1, -1] } },
      "invalid-operator: blur kernel: expected a kernel with a sum above zero, got a sum of 0",
    ],
    [
      "a kernel of another size",
      { name: "blur", kernel: { type: "array", height: 2, width: 2, values: [1] } },
      "invalid-operator: blur kernel: expected 2×2 = 4 values, got 1",
    ],
    [
      "a mask of another size",
      { name: "inpaint", mask: { type: "bits", height: 4, width: 8, channels: 1, known: "////////" } },
      "size-mismatch: mask: expected 1 or 3 planes of the picture's size 8x8, got 1 of 8x4 in 6 bytes",
    ],
    [
      "steps that do not fit",
      { name: "composition", steps: [{ name: "colorize" }, { name: "colorize" }] },
      "invalid-operator: colorize: expected pictures with 3 channels, got 1",
    ],
    [
      "a wrong step",
      { name: "composition", steps: [{ name: "blur", kernel: gaussian, border: 3 }] },
      'invalid-option: blur.border: expected one of "circular", "reflect", "zero", got 3',
    ],
    [
      "no steps",
      { name: "composition", steps: [] },
      "invalid-option: composition.steps: expected a value of at least 1, got []",
    ],
  ])("%s", (_, spec, message) => {
    expect(refused(spec)).toBe(message);
  });

  it("a size that is none, and a measurement that cannot be one", () => {
    expect(refused({ name: "denoise" }, { domain: [3, 8, 8] })).toBe(
      "size-mismatch: picture of an operator: expected a shape [1, channels, height, width], got [3, 8, 8]",
    );
    expect(refused({ name: "denoise" }, { measurement: [1, 3, 0, 8] })).toContain("measurement of an operator");
    expect(refused({ name: "colorize" }, { measurement: [1, 3, 8, 8] })).toBe(
      "size-mismatch: measurement of colorize: expected [1, 1, 8, 8], got [1, 3, 8, 8]",
    );
  });
});

describe("sizes", () => {
  it("restore a measurement of h×w to exactly hr×wr", () => {
    const operator = createOperator({ name: "super-resolution", scale: 3 }, { measurement: [1, 3, 5, 7] });
    expect(operator.domain).toEqual([1, 3, 15, 21]);
  });

  it("reduce a picture to ⌈H/r⌉×⌈W/r⌉", () => {
    const operator = createOperator({ name: "super-resolution", scale: 3 }, { domain: [1, 3, 16, 20] });
    expect(operator.range).toEqual([1, 3, 6, 7]);
  });
});

describe("defineOperator", () => {
  it("makes a user's own operator known, once", () => {
    const schema = z.strictObject({ gain: z.number().default(2) });
    const create = ({ gain }: { gain: number }, domain: readonly number[]): Operator => ({
      name: "amplify",
      domain,
      range: domain,
      linear: true,
      normSquared: gain * gain,
      apply: (x) => x.mul(gain),
      toJSON: () => ({ name: "amplify", gain }),
    });
    defineOperator({ name: "amplify", summary: "louder", schema, create });
    expect(listOperators().map(({ name }) => name)).toContain("amplify");
    expect(createOperator({ name: "amplify" }, size).toJSON()).toEqual({ name: "amplify", gain: 2 });
    expect(() => defineOperator({ name: "amplify", summary: "again", schema, create })).toThrow("already registered");
  });
});
