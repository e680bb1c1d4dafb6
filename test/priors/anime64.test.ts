import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchedule } from "../../src/diffusion/index.ts";
import type { Engine, Program } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadOnnxPrior } from "../../src/node/models.ts";
import { readImage } from "../../src/node/pictures.ts";
import { toModel } from "../../src/pictures/index.ts";
import { parseCard } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { input, vjp } from "../../src/tensor/index.ts";
import { toFloat32 } from "../../src/weights/index.ts";
import { relativeError } from "../helpers/close.ts";
import { shared } from "../helpers/shared.ts";
import { readTensors } from "../helpers/weights.ts";

// A third-party network of 63 million parameters, quantised, with attention and whole timesteps: what `--model FILE.onnx` is for.
const model = shared("data/weights/ddpm-anime64");
const pictures = shared("data/eval/anime64");

describe.skipIf(!model.present)("the 64² DDPM of ../shared/data/weights/ddpm-anime64", () => {
  const schedule = createSchedule({ type: "cosine", steps: 300, minBeta: 1e-4, maxBeta: 0.9999 });
  const shape = [1, 3, 64, 64];
  let engine: Engine;
  let program: Program<"x" | "sigma" | "v", "denoised" | "pulled">;

  beforeAll(async () => {
    engine = await createEngine({ threads: 2 });
    const card = parseCard(
      readFileSync(new URL("../../bench/models/anime64/card.json", import.meta.url), "utf8"),
      "card.json",
    );
    const prior = await loadOnnxPrior(join(model.path, "ddpm_anime64.onnx"), card);
    expect(prior.fixedSize).toEqual([64, 64]);
    const [x, sigma, v] = [input(shape), input([]), input(shape)];
    const denoised = prior.denoise(x, sigma);
    const [pulled] = vjp([denoised], [x], [v]);
    program = await engine.compile({ inputs: { x, sigma, v }, outputs: { denoised, pulled }, optional: ["pulled"] });
  }, 600_000);
  afterAll(() => engine.dispose());

  test.each([0, 1])(
    "has the published outputs and gradients, case %i",
    async (k) => {
      const { tensors } = await readTensors(join(model.path, "golden.safetensors"));
      const read = (name: string) => toFloat32(tensors.get(`${name}_${k}`)!);
      const t = Number(tensors.get(`timestep_${k}`)!.data[0]);
      const [alpha, sigma] = [Math.sqrt(schedule.alphaBar[t]), schedule.sigma[t]];
      const x = read("sample").map((s) => s / alpha);
      const v = read("v");
      const { denoised, pulled } = await program.run({ x, sigma, v }, { outputs: ["denoised", "pulled"] });
      // D = x - sigma·eps(alpha·x), so eps = (x - D)/sigma and its VJP is (v - Jᵀv)/(alpha·sigma).
      expect(
        relativeError(
          x.map((p, i) => (p - denoised[i]) / sigma),
          read("noise"),
        ),
      ).toBeLessThan(1e-5);
      expect(
        relativeError(
          v.map((p, i) => (p - pulled[i]) / (alpha * sigma)),
          read("vjp"),
        ),
      ).toBeLessThan(1e-5);
      expect(program.counts).toEqual({ always: { forward: 1 }, optional: { pulled: { "forward'": 1 } } });
    },
    300_000,
  );

  test.skipIf(!pictures.present)(
    "denoises in one step as well as its card says",
    async () => {
      const files = readdirSync(pictures.path).filter((name) => name.endsWith(".png"));
      const clean = await Promise.all(files.map(async (name) => toModel(await readImage(join(pictures.path, name)))));
      const psnr = async (t: number) => {
        const sigma = schedule.sigma[t];
        let total = 0;
        for (const [sample, picture] of clean.entries()) {
          const noise = normals({ seed: 0, sample, step: t, purpose: "test" }, picture.length);
          const { denoised } = await program.run({ x: picture.map((p, i) => p + sigma * noise[i]), sigma });
          const error = picture.reduce((s, p, i) => s + (Math.min(1, Math.max(-1, denoised[i])) - p) ** 2, 0);
          total += 10 * Math.log10((4 * picture.length) / error);
        }
        return total / clean.length;
      };
      // Its README: 30.1, 23.4, 18.0 dB; other noise moves the mean of 16 pictures by some hundredths.
      expect(Math.abs((await psnr(30)) - 30.1)).toBeLessThan(0.15);
      expect(Math.abs((await psnr(100)) - 23.4)).toBeLessThan(0.15);
      expect(Math.abs((await psnr(200)) - 18.0)).toBeLessThan(0.25);
    },
    600_000,
  );
});
