import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TweedieError } from "../src/errors.ts";
import { parse } from "../src/schema.ts";

const schema = z.strictObject({
  scale: z.int("expected a whole number from 2 to 16").min(2, "expected a whole number from 2 to 16").default(4),
  noise: z.number().min(0).max(1).optional(),
  kernel: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("gaussian"), std: z.number().positive() }),
      z.strictObject({ type: z.literal("box") }),
    ])
    .optional(),
  steps: z.array(z.strictObject({ n: z.int().optional() })).optional(),
  mask: z.union([z.string(), z.strictObject({ left: z.int(), top: z.int() })]).optional(),
});

function refused(value: unknown): TweedieError {
  try {
    parse(schema, value, "task");
  } catch (error) {
    if (error instanceof TweedieError) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("parse", () => {
  it("fills in defaults", () => {
    expect(parse(schema, { noise: 0.5 }, "task")).toEqual({ scale: 4, noise: 0.5 });
  });

  it.each([
    [3, "task: expected an object, got 3"],
    [{ size: 2 }, 'task: expected options among scale, noise, kernel, steps, mask, got "size"'],
    [{ scale: 1 }, "task.scale: expected a whole number from 2 to 16, got 1"],
    [{ noise: Number.NaN }, "task.noise: expected a finite number, got NaN"],
    [{ noise: -1 }, "task.noise: expected a value of at least 0, got -1"],
    [{ noise: 2 }, "task.noise: expected a value of at most 1, got 2"],
    [{ kernel: { type: "disc" } }, 'task.kernel.type: expected one of "gaussian", "box", got "disc"'],
    [{ kernel: { type: "gaussian", std: 0 } }, "task.kernel.std: expected a value above 0, got 0"],
    [{ kernel: { type: "gaussian", std: 1, sise: 3 } }, 'task.kernel: expected options among type, std, got "sise"'],
    [{ steps: [{ n: 1 }, { m: 1 }] }, 'task.steps.1: expected options among n, got "m"'],
    [{ mask: { left: 1 } }, "task.mask.top: expected a finite number, got nothing"],
  ])("names what is wrong with %j", (value, message) => {
    const error = refused(value);
    expect(error.message).toBe(message);
    expect(error.code).toBe("invalid-option");
  });

  it("gives the code that it is told", () => {
    expect(() => parse(schema, [], "card.json", "invalid-model")).toThrow(
      expect.objectContaining({ code: "invalid-model" }),
    );
  });
});
