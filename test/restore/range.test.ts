import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import type { OperatorSpec } from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";
import { parseTask, type TaskInput, toPlanes } from "../../src/restore/index.ts";
import { withMeasuredEntries } from "../../src/restore/kspace.ts";
import { fromRange, measurementFromRange, recogniseRange } from "../../src/restore/range.ts";
import { simulate } from "../../src/restore/simulate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const size = { height: 12, width: 12 };
const shape = [1, 12, 12] as const;
/** A picture from 0 to 255, and the same from -1 to 1. */
const user = Float32Array.from(normals({ seed: 3, purpose: "range" }, 144), (v) => 128 + 50 * v);
const model = user.map((v) => (v - 127.5) / 127.5);

describe("measurementFromRange", () => {
  it.each<[string, TaskInput]>([
    ["ct", { name: "operator", operator: { name: "ct", angles: 7 } }],
    ["mri", { name: "operator", operator: { name: "mri", acceleration: 2 } }],
    ["complex mri", { name: "operator", operator: { name: "mri-complex", acceleration: 2 } }],
    ["blur with a zero border", { name: "deblur", kernel: { type: "gaussian", std: 1 }, border: "zero" }],
    ["super-resolution", { name: "super-resolution", scale: 2 }],
  ])("gives the measurement of the same picture in -1..1: %s", async (name, task) => {
    const picture = (data: Float32Array) => {
      if (name !== "complex mri") return { shape, data };
      const both = new Float32Array(288);
      both.set(data);
      return { shape: [2, 12, 12] as const, data: both };
    };
    const of = (data: Float32Array) => simulate({ planes: picture(data), task, engine });
    const [theirs, ours] = [await of(user), await of(model)];
    const about = { task: parseTask(task), size, engine };
    const got = await measurementFromRange(theirs, { black: 0, white: 255 }, about);
    const worst = Math.max(...got.data.map((v, i) => Math.abs(v - ours.data[i])));
    expect(worst).toBeLessThan(2e-5);
  });

  it("refuses an empty range, and operators that are not linear", async () => {
    const y = { shape, data: model };
    const task = parseTask({ name: "operator", operator: { name: "phase-retrieval", oversample: 0 } });
    await expect(measurementFromRange(y, { black: 1, white: 1 }, { task, engine })).rejects.toThrow(
      /two finite numbers/,
    );
    await expect(measurementFromRange(y, { black: 0, white: 1 }, { task, size, engine })).rejects.toThrow(/not linear/);
  });
});

describe("recogniseRange", () => {
  const denoise = parseTask({ name: "denoise" });
  const scan = parseTask({ name: "operator", operator: { name: "ct" } });
  const of = (values: number[], type = "f4", task = denoise) =>
    recogniseRange({ shape: [1, 1, values.length], data: Float32Array.from(values) }, type, task, "y.npy");

  it("reads it off whole numbers", () => {
    expect(of([0, 255], "u1").range).toEqual({ black: 0, white: 255 });
    expect(of([0, 9], "u2").range).toEqual({ black: 0, white: 65535 });
    const planes = fromRange({ shape: [1, 1, 3], data: Float32Array.of(0, 127.5, 255) }, { black: 0, white: 255 });
    expect([...planes.data]).toEqual([-1, 0, 1]);
  });

  it("takes numbers from -1 to 1 as they are, and says so where they may be others", () => {
    expect(of([-0.9, 0.2, 1])).toEqual({ range: { black: -1, white: 1 } });
    expect(of([-0.1, 0.2, 1.1]).remark).toMatch(/values reach from -0.1 to 1.1 and are taken for -1..1/);
  });

  it.each([
    ["0..1", [0, 0.4, 0.98]],
    ["0..255", [0, 80, 249]],
    ["far outside", [-120, 80, 249]],
  ])("asks for it where the values are hardly from -1 to 1: %s", (_, values) => {
    expect(() => of(values)).toThrow(
      expect.objectContaining({ code: "invalid-option", hint: expect.stringContaining("--range 0..1") }),
    );
  });

  it("asks for it for a scan without a negative value, but not for other scans", () => {
    expect(() => of([0, 3, 16], "f4", scan)).toThrow(/hardly one of a picture in -1\.\.1/);
    expect(of([-2, 3], "f4", scan)).toMatchObject({
      range: { black: -1, white: 1 },
      remark: /taken to lie in -1\.\.1/,
    });
  });
});

describe("withMeasuredEntries", () => {
  it("takes for measured what is not zero, where the task does not say", () => {
    const y = { shape: [2, 2, 3] as const, data: Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0) };
    const task = withMeasuredEntries({ name: "operator", operator: { name: "mri" } }, y) as {
      operator: OperatorSpec;
    };
    // The bits 010100.
    expect(task.operator).toEqual({ name: "mri", mask: Buffer.of(0b01010000).toString("base64") });
    const given: TaskInput = { name: "operator", operator: { name: "mri", acceleration: 2 } };
    expect(withMeasuredEntries(given, y)).toBe(given);
  });
});

describe("arrays whose channels come last", () => {
  it.each([
    [[64, 64, 3], /channels come first, \[3, 64, 64\], got \[64, 64, 3\]/],
    [[64, 64, 2], /real and imaginary part before the other axes, \[2, 64, 64\]/],
  ])("%j are named for what they are", (extents, message) => {
    const data = new Float32Array(extents.reduce((n, d) => n * d, 1));
    expect(() => toPlanes({ shape: extents, data })).toThrow(message);
  });
});
