import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchedule, timeAt } from "../../src/diffusion/index.ts";
import { loadOnnxPrior, loadPrior } from "../../src/node/models.ts";
import { decodeModel, encodeModel } from "../../src/onnx/proto.ts";
import { layOut } from "../../src/onnx/write.ts";
import { toModelProto } from "../../src/onnx/write-encode.ts";
import type { Card } from "../../src/priors/card.ts";
import {
  ancestors,
  concat,
  constant,
  type DType,
  evaluate,
  input,
  type Shape,
  type Tensor,
} from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tweedie-onnx-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Model {
  readonly image: Shape;
  readonly time: Shape;
  readonly timeType?: DType;
  readonly learnedVariance?: boolean;
  /** Leaves the extents at these places of an input open. */
  readonly open?: Readonly<Record<string, readonly number[]>>;
}

/** A model file that predicts 0.1·sample + 0.01·timestep. */
async function write(
  name: string,
  { image, time, timeType = "float32", learnedVariance, open = {} }: Model,
): Promise<string> {
  const sample = input(image);
  const timestep = input(time, timeType);
  const eps = sample.mul(0.1).add(timestep.cast("float32").mul(0.01));
  const noise = learnedVariance ? concat([eps, sample], 1) : eps;
  const graph = layOut({ inputs: { sample, timestep }, outputs: { noise }, contrib: false });
  const model = decodeModel(encodeModel(toModelProto(graph)));
  for (const info of [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])]) {
    const type = info.type?.value;
    if (type?.case !== "tensorType") continue;
    const places = info.name === "noise" ? (open.sample ?? []) : (open[info.name] ?? []);
    for (const k of places) type.value.shape!.dim[k].value = { case: "dimParam", value: `${"NCHW"[k]}` };
  }
  const file = join(folder, name);
  await writeFile(file, encodeModel(model));
  return file;
}

const card = (extra: Partial<Card["architecture"]> = {}, rest: Partial<Card> = {}): Card => ({
  name: "toy",
  description: "0.1·sample + 0.01·timestep",
  licence: "MIT",
  image: { channels: 3, range: [-1, 1] },
  architecture: {
    type: "onnx",
    inputs: { image: "sample", time: "timestep" },
    output: "noise",
    ...extra,
  } as Card["architecture"],
  preconditioning: { type: "vp", prediction: "eps", schedule: { type: "linear" } },
  ...rest,
});

const schedule = createSchedule({ type: "linear" });
const picture = (shape: readonly number[]) =>
  constant(
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1 + i)),
    shape,
    "float32",
  );
const dataOf = (x: Tensor) => evaluate([x])[0].data;
const counts = (x: Tensor) => ancestors([x]).filter((node) => node.op.name === "probe").length;

/** x - sigma·(0.1·x/√(1+sigma²) + 0.01·time). */
const expected = (x: ArrayLike<number>, sigma: number, time: number) =>
  Array.from(x, (v) => v - sigma * ((0.1 * v) / Math.sqrt(1 + sigma ** 2) + 0.01 * time));

const opened = { image: [1, 3, 2, 2], time: [1, 1, 1, 1], open: { sample: [0, 2, 3], timestep: [0] } };

describe("an ONNX denoiser", () => {
  test("of open shape: any size, several pictures at once, each with its noise level", async () => {
    const prior = await loadOnnxPrior(await write("open.onnx", opened), card({ multiple: 4 }));
    const x = picture([2, 3, 5, 3]);
    const levels = [0.5, 7];
    const d = prior.denoise(x, constant(Float64Array.from(levels), [2, 1, 1, 1], "float32"));
    const values = dataOf(x);
    const wanted = levels.flatMap((s, k) => expected(values.slice(45 * k, 45 * (k + 1)), s, timeAt(schedule, s)));
    expectClose(dataOf(d), wanted, 1e-6);
    expect(counts(d)).toBe(1);
    expect(prior.fixedSize).toBeUndefined();
    expect(prior.sigmaRange).toEqual([schedule.sigma[0], schedule.sigma[999]]);
  });

  test("of one size and one picture, with a whole time: pictures one by one, smaller ones padded", async () => {
    const file = await write("fixed.onnx", { image: [1, 3, 4, 6], time: [], timeType: "int64" });
    const prior = await loadOnnxPrior(file, card());
    expect(prior.fixedSize).toEqual([4, 6]);
    const sigma = 2.34;
    const time = Math.round(timeAt(schedule, sigma));
    for (const shape of [
      [2, 3, 4, 6],
      [1, 3, 1, 5],
    ]) {
      const x = picture(shape);
      const d = prior.denoise(x, constant(sigma));
      expectClose(dataOf(d), expected(dataOf(x), sigma, time), 1e-6);
      expect(counts(d)).toBe(shape[0]);
    }
    expect(() => prior.denoise(picture([1, 3, 5, 6]), constant(1))).toThrow("pictures of at most 6×4, got 6×5");
  });

  test("with a learned variance: the first half of the channels", async () => {
    const prior = await loadOnnxPrior(await write("variance.onnx", { ...opened, learnedVariance: true }), card());
    const x = picture([1, 3, 2, 2]);
    expectClose(dataOf(prior.denoise(x, constant(1.5))), expected(dataOf(x), 1.5, timeAt(schedule, 1.5)), 1e-6);
  });

  test("on [0, 1], as a flow that counts to 1000", async () => {
    const preconditioning = { type: "flow" } as const;
    const image = { channels: 3, range: [0, 1] as [number, number] };
    const prior = await loadOnnxPrior(
      await write("flow.onnx", opened),
      card({ timeScale: 1000 }, { preconditioning, image }),
    );
    const x = picture([1, 3, 2, 2]);
    const sigma = 0.8;
    const t = 0.4 / 1.4; // sigma = 0.4 on [0, 1]
    const wanted = Array.from(dataOf(x), (v) => {
      const u = (1 - t) * ((v + 1) / 2);
      return 2 * (u - t * (0.1 * u + 0.01 * 1000 * t)) - 1;
    });
    expectClose(dataOf(prior.denoise(x, constant(sigma))), wanted, 1e-6);
  });

  test("is imported once a shape: two calls share the model", async () => {
    const prior = await loadOnnxPrior(await write("shared.onnx", opened), card());
    const constants = (d: Tensor) => ancestors([d]).filter((n) => n.op.name === "constant" && n.attrs !== undefined);
    const first = prior.denoise(picture([1, 3, 2, 2]), constant(1));
    const second = prior.denoise(first, constant(0.5));
    expect(counts(second)).toBe(2);
    expect(constants(second).length).toBeLessThan(2 * constants(first).length);
  });
});

describe("finding the card", () => {
  test("beside the model, under three names", async () => {
    for (const beside of ["a.card.json", "b.json", "card.json"]) {
      const file = await write(`${beside[0] === "c" ? "c" : beside[0]}.onnx`, opened);
      await writeFile(join(folder, beside), JSON.stringify(card()));
      expect((await loadPrior(file)).name).toBe("toy");
    }
    await rm(join(folder, "card.json"));
  });

  test("none: says where it was looked for and what it must say", async () => {
    const file = await write("lonely.onnx", opened);
    await expect(loadPrior(file)).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringContaining("lonely.card.json"),
      hint: expect.stringContaining("prediction type"),
    });
  });

  test("a card that names another file's weights is refused", async () => {
    const file = await write("other.onnx", opened);
    await writeFile(
      join(folder, "other.json"),
      JSON.stringify(card({}, { weights: { file: "other.onnx", sha256: "0".repeat(64) } })),
    );
    await expect(loadPrior(file)).rejects.toMatchObject({
      code: "invalid-model",
      got: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    await expect(loadPrior(join(folder, "other.json"))).rejects.toMatchObject({ code: "invalid-model" });
  });
});

describe("refuses in one line", () => {
  test.each([
    ["no such file", "missing.onnx", undefined, "missing-file"],
    ["an empty file", "empty.onnx", "", "invalid-model"],
    ["a text file", "text.onnx", "this is no model at all, but text", "invalid-model"],
  ])("%s", async (_, name, content, code) => {
    const file = join(folder, name);
    if (content !== undefined) await writeFile(file, content);
    await expect(loadOnnxPrior(file, card())).rejects.toMatchObject({ code });
  });

  test("a cut file", async () => {
    const file = await write("whole.onnx", opened);
    const cut = join(folder, "cut.onnx");
    await copyFile(file, cut);
    const { readFile } = await import("node:fs/promises");
    await writeFile(cut, (await readFile(file)).subarray(0, 100));
    await expect(loadOnnxPrior(cut, card())).rejects.toMatchObject({ code: "invalid-model" });
  });

  test("a card for other inputs, another output, other channels, another architecture", async () => {
    const file = await write("mismatch.onnx", opened);
    const inputs = { image: "x", time: "t" };
    await expect(loadOnnxPrior(file, card({ inputs }))).rejects.toThrow(
      "the inputs x and t that its card names, got sample, timestep",
    );
    const prior = await loadOnnxPrior(file, card({ output: "y" }));
    expect(() => prior.denoise(picture([1, 3, 2, 2]), constant(1))).toThrow(
      "the output y that its card names, got noise",
    );
    const grey = card({}, { image: { channels: 1, range: [-1, 1] } });
    await expect(loadOnnxPrior(file, grey)).rejects.toThrow("sample [N, 1, H, W]");
    await expect(loadOnnxPrior(file, card({}, { preconditioning: undefined }))).rejects.toThrow("preconditioning");
  });

  test("an aborted load", async () => {
    const file = await write("abort.onnx", opened);
    await expect(loadOnnxPrior(file, card(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
