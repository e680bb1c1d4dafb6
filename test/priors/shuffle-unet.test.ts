import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { covarianceVjp } from "../../src/diffusion/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { parseCard } from "../../src/priors/card.ts";
import { networkPrior } from "../../src/priors/network-prior.ts";
import { loadPrior } from "../../src/priors/registry.ts";
import { readSafetensors, toFloat32 } from "../../src/priors/safetensors.ts";
import { shuffleUnet } from "../../src/priors/shuffle-unet.ts";
import { constant, evaluate, input, type Tensor } from "../../src/tensor/index.ts";
import { relativeError } from "../helpers/close.ts";

/** A tiny network with random weights and what PyTorch makes of them in float64. */
function golden(name: string) {
  const folder = new URL(`./golden/${name}/`, import.meta.url);
  const read = (file: string) => new Uint8Array(readFileSync(new URL(file, folder)));
  const card = parseCard(new TextDecoder().decode(read("card.json")), "card.json");
  const { tensors } = readSafetensors(read("golden.safetensors"), "golden.safetensors");
  const stored = (tensor: string): Tensor => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`no golden tensor ${tensor}`);
    return constant(toFloat32(found), found.shape);
  };
  const values = (tensor: string) => evaluate([stored(tensor)])[0].data;
  return { folder, read, card, stored, values };
}

describe.each(["tiny-prior", "tiny-detail"])("the network of a card (golden values: PyTorch, float64): %s", (name) => {
  const { folder, read, card, stored, values } = golden(name);

  test.each([0, 1, 2, 3])("denoises and differentiates, case %i", async (i) => {
    const prior = await loadPrior(new URL("card.json", folder).pathname);
    const sigma = stored(`sigma${i}`).reshape(-1, 1, 1, 1);
    const { denoised, product } = covarianceVjp(prior.denoise, stored(`x${i}`), sigma, stored(`v${i}`));
    const [d, g] = evaluate([denoised, product.div(sigma.square())]).map((r) => r.data);
    expect(relativeError(d, values(`denoised${i}`))).toBeLessThan(1e-6);
    expect(relativeError(g, values(`vjp${i}`))).toBeLessThan(1e-6);
  });

  test("takes one noise level for the whole batch", async () => {
    const prior = await loadPrior(folder.pathname);
    const [one, each] = evaluate([
      prior.denoise(stored("x2"), constant(values("sigma2")[0])),
      prior.denoise(stored("x2"), stored("sigma2").reshape(-1, 1, 1, 1)),
    ]);
    expect(relativeError(one.data, each.data)).toBeLessThan(1e-12);
  });

  test("takes any size: a picture of one pixel, odd sides", () => {
    const prior = networkPrior(card, read("weights.safetensors"), "weights");
    for (const [h, w] of [
      [1, 1],
      [5, 13],
      [17, 8],
    ]) {
      const x = constant(
        Float64Array.from({ length: 3 * h * w }, (_, i) => Math.sin(i)),
        [1, 3, h, w],
        "float32",
      );
      const [{ data, shape }] = evaluate([prior.denoise(x, constant(0.3))]);
      expect(shape).toEqual([1, 3, h, w]);
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test("a multiple of its grid is not touched by the padding", () => {
    const prior = networkPrior(card, read("weights.safetensors"), "weights");
    const ops = new Set<string>();
    const walk = (node: Tensor) => {
      if (node.rank === 4) ops.add(node.op.name);
      node.inputs.forEach(walk);
    };
    walk(prior.denoise(constant(0, [1, 3, 8, 8]), constant(1)));
    expect(ops.has("pad")).toBe(false);
    expect(ops.has("slice")).toBe(false);
  });

  test("gives the input back at sigma = 0 and tends to it below the trained levels", () => {
    const prior = networkPrior(card, read("weights.safetensors"), "weights");
    const x = stored("x3").mul(0.01);
    const [at0, tiny, min, own] = evaluate([
      prior.denoise(x, constant(0)),
      prior.denoise(x, constant(2e-4)).sub(x),
      prior.denoise(x, constant(2e-3)).sub(x),
      x,
    ]).map((r) => r.data);
    expect([...at0]).toEqual([...own]);
    expect(
      relativeError(
        tiny,
        min.map((v) => v / 100),
      ),
    ).toBeLessThan(1e-9);
  });
});

describe("a detail path", () => {
  const { read, card, stored } = golden("tiny-detail");
  const { tensors } = readSafetensors(read("weights.safetensors"), "w");
  const { architecture } = card;
  if (architecture.type !== "shuffle-unet") throw new Error("another card");

  test("adds what is fine and leaves each colour's mean to the U-Net", () => {
    const kept = new Map([...tensors].filter(([name]) => !name.startsWith("detail.")));
    const { detail: _, ...plain } = architecture;
    const [u, time] = [stored("x1"), constant([Math.log(0.2) / 4])];
    const unet = shuffleUnet(plain, kept, "w")(u, time);
    const added = shuffleUnet(architecture, tensors, "w")(u, time).sub(unet);
    const [means, size] = evaluate([added.mean([2, 3]), added.square().mean().sqrt()]).map((r) => r.data);
    expect(size[0]).toBeGreaterThan(0.01);
    for (const mean of means) expect(Math.abs(mean)).toBeLessThan(1e-7 * size[0]);
  });
});

describe("weights that do not fit", () => {
  const { read, card } = golden("tiny-prior");
  const { tensors } = readSafetensors(read("weights.safetensors"), "w");
  const { architecture } = card;
  if (architecture.type !== "shuffle-unet") throw new Error("another card");

  test("a missing tensor, a wrong shape, a tensor too many are named", () => {
    const without = new Map(tensors);
    without.delete("mid.0.conv1.bias");
    expect(() => shuffleUnet(architecture, without, "w")).toThrow("tensor mid.0.conv1.bias: expected the shape [16]");
    expect(() => shuffleUnet({ ...architecture, widths: [8, 12, 20] }, tensors, "w")).toThrow("got [16, 48, 1, 1]");
    const more = new Map(tensors).set("extra", tensors.get("head.bias")!);
    expect(() => shuffleUnet(architecture, more, "w")).toThrow("also extra");
    expect(() => shuffleUnet({ ...architecture, blocks: [1] }, tensors, "w")).toThrow("as many widths");
  });

  test("damaged weights do not match the card", () => {
    const bytes = read("weights.safetensors");
    bytes[bytes.length - 1] ^= 1;
    expect(() => networkPrior(card, bytes, "w")).toThrow("expected the sha256");
  });
});

describe.each(["tiny-prior", "tiny-detail"])("on ONNX Runtime: %s", (name) => {
  const { read, card } = golden(name);

  test("any size: the float64 evaluator's outputs and VJPs", async () => {
    const { denoise } = networkPrior(card, read("weights.safetensors"), "weights");
    const engine = await createEngine({ threads: 1 });
    for (const [h, w] of [
      [1, 1],
      [5, 13],
      [16, 8],
    ]) {
      const shape = [2, 3, h, w];
      const [x, sigma, v] = [input(shape), input([2, 1, 1, 1]), input(shape)];
      const { denoised, product } = covarianceVjp(denoise, x, sigma, v);
      const wave = (phase: number) => Float32Array.from({ length: 6 * h * w }, (_, i) => Math.sin(i + phase));
      const feeds = { x: wave(0), sigma: Float32Array.of(0.1, 3), v: wave(1) };
      const program = await engine.compile({ inputs: { x, sigma, v }, outputs: { denoised, product } });
      const got = await program.run(feeds);
      const exact = evaluate(
        [denoised, product],
        new Map([
          [x, feeds.x],
          [sigma, feeds.sigma],
          [v, feeds.v],
        ]),
      );
      expect(relativeError(got.denoised, exact[0].data)).toBeLessThan(1e-5);
      expect(relativeError(got.product, exact[1].data)).toBeLessThan(1e-5);
      expect(program.counts.always).toEqual({ forward: 1, "forward'": 1 });
    }
    await engine.dispose();
  });
});
