import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { covarianceVjp } from "../../src/diffusion/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { fileSource } from "../../src/node/byte-source.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadPrior } from "../../src/node/models.ts";
import { readImage } from "../../src/node/pictures.ts";
import { toModel } from "../../src/pictures/index.ts";
import { networkPrior, type Prior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { constant, evaluate, input } from "../../src/tensor/index.ts";
import { openSafetensors, toFloat32 } from "../../src/weights/index.ts";
import { relativeError } from "../helpers/close.ts";
import { shared } from "../helpers/shared.ts";
import { readTensors } from "../helpers/weights.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
});
afterAll(() => engine.dispose());

/** D(x, sigma) and Jᵀv of golden case i, by the engine, as relative errors. */
async function compare(prior: Prior, goldenFile: string, i: number) {
  const { tensors } = await readTensors(goldenFile);
  const read = (name: string) => toFloat32(tensors.get(`${name}${i}`)!);
  const shape = tensors.get(`x${i}`)!.shape;
  const [x, sigma, v] = [input(shape), input([]), input(shape)];
  const { denoised, product } = covarianceVjp(prior.denoise, x, sigma, v);
  const program = await engine.compile({
    inputs: { x, sigma, v },
    outputs: { denoised, vjp: product.div(sigma.square()) },
  });
  const result = await program.run({ x: read("x"), sigma: read("sigma")[0], v: read("v") });
  expect(program.counts.always).toEqual({ forward: 1, "forward'": 1 });
  await program.dispose();
  return {
    denoised: relativeError(result.denoised, read("denoised")),
    vjp: relativeError(result.vjp, read("vjp")),
  };
}

describe.each([
  ["natural", 16],
  ["natural-small", 8],
])("the embedded prior %s", (name, multipleOf) => {
  const golden = new URL(`./golden/embedded/${name}.safetensors`, import.meta.url).pathname;

  test("says what it is and under which licence", async () => {
    const prior = await loadPrior(name);
    expect(prior).toMatchObject({ name, channels: 3, multipleOf });
    expect(prior.hash).toBe(prior.card.weights?.sha256);
    expect(prior.card.licence).toContain("CC0-1.0");
  });

  test.each([0, 1, 2])("gives PyTorch's outputs and VJPs on ONNX Runtime, case %i", async (i) => {
    const error = await compare(await loadPrior(name), golden, i);
    expect(error.denoised).toBeLessThan(1e-5);
    expect(error.vjp).toBeLessThan(1e-5);
  });

  test("gives PyTorch's outputs in float64", async () => {
    const { tensors } = await readTensors(golden);
    const { denoise } = await loadPrior(name);
    const x = tensors.get("x1")!;
    const level = toFloat32(tensors.get("sigma1")!)[0];
    const [{ data }] = evaluate([denoise(constant(toFloat32(x), x.shape), constant(level))]);
    expect(relativeError(data, toFloat32(tensors.get("denoised1")!))).toBeLessThan(1e-6);
  });
});

const researchSmall = new URL("../../bench/models/natural-research-small", import.meta.url).pathname;
const original = shared("models/natural-v0");
describe.skipIf(!original.present)(
  "natural-research-small against the float32 weights it was made of (../shared/models/natural-v0)",
  () => {
    const goldenFile = join(original.path, "golden.safetensors");
    const full = async () => {
      const { card } = await loadPrior(researchSmall);
      const file = await fileSource(join(original.path, "weights.safetensors"));
      const prior = await networkPrior(card, { denoiser: await openSafetensors(file) }, "original");
      await file.close();
      return prior;
    };

    test.each([0, 1])("the original weights give the original outputs, case %i", async (i) => {
      const error = await compare(await full(), goldenFile, i);
      expect(error.denoised).toBeLessThan(1e-5);
      expect(error.vjp).toBeLessThan(1e-5);
    });

    test.each([0, 1])("half the bytes move the outputs by less than 1e-3, case %i", async (i) => {
      // Not so the VJP (by 1-2%): a ReLU at its edge may switch. Its size is bounded here, its quality by the PSNR below.
      const error = await compare(await loadPrior(researchSmall), goldenFile, i);
      expect(error.denoised).toBeLessThan(1e-3);
      expect(error.vjp).toBeLessThan(0.03);
    });

    const butterfly = shared("data/eval/set5/butterfly.png");
    test.skipIf(!butterfly.present)("half the bytes cost less than 0.005 dB", async () => {
      const clean = await readImage(butterfly.path);
      const picture = toModel(clean);
      const shape = [1, 3, clean.height, clean.width];
      const [x, sigma] = [input(shape), input([])];
      const priors = [await full(), await loadPrior(researchSmall)];
      const [wide, half] = priors.map((prior) => prior.denoise(x, sigma));
      const program = await engine.compile({ inputs: { x, sigma }, outputs: { wide, half } });
      for (const [step, level] of [15, 25, 50].entries()) {
        const sd = (2 * level) / 255;
        const noise = normals({ seed: 0, step, purpose: "test" }, picture.length);
        const noisy = picture.map((p, i) => p + sd * noise[i]);
        const { wide: a, half: b } = await program.run({ x: noisy, sigma: sd });
        const psnr = (d: Float32Array) => -20 * Math.log10(relativeError(d, picture));
        expect(Math.abs(psnr(a) - psnr(b))).toBeLessThan(0.005);
      }
    });
  },
);
