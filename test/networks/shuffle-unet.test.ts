import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { covarianceVjp } from "../../src/diffusion/index.ts";
import { readNetwork, shuffleUnet } from "../../src/networks/index.ts";
import { sha256Of } from "../../src/node/byte-source.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadPrior } from "../../src/node/models.ts";
import { parseCard, priorFromCard } from "../../src/priors/index.ts";
import { constant, evaluate, input, type Tensor } from "../../src/tensor/index.ts";
import { bytesSource, type StoredTensor, toFloat32 } from "../../src/weights/index.ts";
import { relativeError } from "../helpers/close.ts";
import { inMemory, readTensors } from "../helpers/weights.ts";

/** A tiny network with random weights and what PyTorch makes of them in float64. */
async function golden(name: string) {
  const folder = new URL(`../priors/golden/${name}/`, import.meta.url);
  const read = (file: string) => new Uint8Array(readFileSync(new URL(file, folder)));
  const card = parseCard(new TextDecoder().decode(read("card.json")), "card.json");
  const { tensors } = await readTensors(read("golden.safetensors"));
  const stored = (tensor: string): Tensor => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`no golden tensor ${tensor}`);
    return constant(toFloat32(found), found.shape);
  };
  const values = (tensor: string) => evaluate([stored(tensor)])[0].data;
  const weights = await readTensors(read("weights.safetensors"));
  const prior = await priorFromCard(card, async (file) => bytesSource(read(file)), { sha256: sha256Of });
  return { folder, read, card, stored, values, prior, tensors: weights.tensors };
}

const goldens = { "tiny-prior": await golden("tiny-prior"), "tiny-detail": await golden("tiny-detail") };

describe.each(["tiny-prior", "tiny-detail"] as const)(
  "the network of a card (golden values: PyTorch, float64): %s",
  (name) => {
    const { folder, stored, values, prior } = goldens[name];

    test.each([0, 1, 2, 3])("denoises and differentiates, case %i", async (i) => {
      const prior = await loadPrior(new URL("card.json", folder).pathname);
      const sigma = stored(`sigma${i}`).reshape(-1, 1, 1, 1);
      const { denoised, product } = covarianceVjp(prior.denoise, stored(`x${i}`), sigma, stored(`v${i}`));
      const [d, g] = evaluate([denoised, product.div(sigma.square())]).map((r) => r.data);
      expect(relativeError(d, values(`denoised${i}`))).toBeLessThan(1e-6);
      expect(relativeError(g, values(`vjp${i}`))).toBeLessThan(1e-6);
    });

    test("takes one noise level for the whole batch", async () => {
      const [one, each] = evaluate([
        prior.denoise(stored("x2"), constant(values("sigma2")[0])),
        prior.denoise(stored("x2"), stored("sigma2").reshape(-1, 1, 1, 1)),
      ]);
      expect(relativeError(one.data, each.data)).toBeLessThan(1e-12);
    });

    test("takes any size: a picture of one pixel, odd sides", () => {
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
  },
);

describe("a detail path", () => {
  const { card, stored, tensors } = goldens["tiny-detail"];
  const { architecture } = card;
  if (architecture.type !== "shuffle-unet") throw new Error("another card");

  test("adds what is fine and leaves each colour's mean to the U-Net", async () => {
    const kept = new Map([...tensors].filter(([name]) => !name.startsWith("detail.")));
    const { detail: _, ...plain } = architecture;
    const [u, time] = [stored("x1"), constant([Math.log(0.2) / 4])];
    const small = await readNetwork(inMemory(kept, "w"), (weights) => shuffleUnet(weights, plain));
    const whole = await readNetwork(inMemory(tensors, "w"), (weights) => shuffleUnet(weights, architecture));
    const added = whole(u, time).sub(small(u, time));
    const [means, size] = evaluate([added.mean([2, 3]), added.square().mean().sqrt()]).map((r) => r.data);
    expect(size[0]).toBeGreaterThan(0.01);
    for (const mean of means) expect(Math.abs(mean)).toBeLessThan(1e-7 * size[0]);
  });
});

describe("weights that do not fit", () => {
  const { read, card, tensors } = goldens["tiny-prior"];
  const { architecture } = card;
  if (architecture.type !== "shuffle-unet") throw new Error("another card");

  test("a missing tensor, a wrong shape, a tensor too many are named", async () => {
    const made = (tensors: ReadonlyMap<string, StoredTensor>, config = architecture) =>
      readNetwork(inMemory(tensors, "w"), (weights) => shuffleUnet(weights, config));
    const without = new Map(tensors);
    without.delete("mid.0.conv1.bias");
    await expect(made(without)).rejects.toThrow("w, tensor mid.0.conv1.bias: expected the shape [16]");
    await expect(made(tensors, { ...architecture, widths: [8, 12, 20] })).rejects.toThrow("got [16, 48, 1, 1]");
    const more = new Map(tensors).set("extra", tensors.get("head.bias")!);
    await expect(made(more)).rejects.toThrow("also extra");
  });

  test("damaged weights do not match the card", async () => {
    const bytes = read("weights.safetensors");
    bytes[bytes.length - 1] ^= 1;
    const loaded = priorFromCard(card, async () => bytesSource(bytes), { sha256: sha256Of });
    await expect(loaded).rejects.toThrow("expected the sha256");
  });
});

describe.each(["tiny-prior", "tiny-detail"] as const)("on ONNX Runtime: %s", (name) => {
  const { prior } = goldens[name];

  test("any size: the float64 evaluator's outputs and VJPs", async () => {
    const engine = await createEngine({ threads: 1 });
    for (const [h, w] of [
      [1, 1],
      [5, 13],
      [16, 8],
    ]) {
      const shape = [2, 3, h, w];
      const [x, sigma, v] = [input(shape), input([2, 1, 1, 1]), input(shape)];
      const { denoised, product } = covarianceVjp(prior.denoise, x, sigma, v);
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
