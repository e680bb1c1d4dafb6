import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { latentSpace } from "../../src/latent/index.ts";
import { type ConditionalUnet, conditionalUnet, readNetwork } from "../../src/networks/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadPrior } from "../../src/node/models.ts";
import { createImage, createMask } from "../../src/pictures/index.ts";
import { networkPrior } from "../../src/priors/index.ts";
import { restore, sample } from "../../src/restore/index.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { bytesSource, openSafetensors } from "../../src/weights/index.ts";
import { relativeError } from "../helpers/close.ts";
import { goldenNetwork, goldenTensors } from "../latent/golden.ts";

const goldenFolder = new URL("../latent/golden/", import.meta.url).pathname;
const folder = join(goldenFolder, "tiny-latent");
const tiny = await goldenTensors("tiny-latent/golden.safetensors");
const text = await goldenNetwork("unet-text");

describe("the latent model of a card (golden values: PyTorch, float32)", () => {
  const golden = tiny;

  test("encodes, decodes and denoises normalised latents", async () => {
    const prior = await loadPrior(folder);
    const { encode, decode } = latentSpace(prior);
    const [encoded, decoded, denoised] = evaluate([
      encode(golden.tensor("x")).mean,
      decode(golden.tensor("z")),
      prior.denoise(golden.tensor("z"), golden.tensor("sigma").reshape(2, 1, 1, 1)),
    ]).map((r) => r.data);
    expect(relativeError(encoded, golden.values("encoded"))).toBeLessThan(1e-5);
    expect(relativeError(decoded, golden.values("decoded"))).toBeLessThan(1e-5);
    expect(relativeError(denoised, golden.values("denoised"))).toBeLessThan(1e-5);
  });

  test("speaks of pictures everywhere but in latents", async () => {
    const prior = await loadPrior(join(folder, "card.json"));
    expect([prior.name, prior.channels, prior.multipleOf]).toEqual(["tiny-latent", 3, 8]);
    expect(prior.latent).toMatchObject({ kind: "kl", latents: 4, factor: 4, channels: 3 });
    expect(prior.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(() => prior.denoise(constant(0, [1, 3, 8, 8]), constant(1))).toThrow("expected latents [N, 4, h, w]");
  });

  test("latents of any size: the denoiser pads what is no multiple of its own grid", async () => {
    const prior = await loadPrior(folder);
    const [{ data, shape }] = evaluate([prior.denoise(constant(0.5, [1, 4, 3, 5]), constant(0.7))]);
    expect(shape).toEqual([1, 4, 3, 5]);
    expect(data.every(Number.isFinite)).toBe(true);
  });
});

describe("a latent model that is told what to draw", () => {
  const { architecture, weights, golden } = text;
  const autoencoder = new Uint8Array(readFileSync(join(folder, "autoencoder.safetensors")));
  const plain = new Uint8Array(readFileSync(join(goldenFolder, "unet-text/weights.safetensors")));

  async function load(bytes: Uint8Array) {
    const card = JSON.parse(await readFile(join(folder, "card.json"), "utf8"));
    const open = (file: Uint8Array, name: string) => openSafetensors(bytesSource(file, name));
    const sources = { denoiser: await open(bytes, "unet-text"), autoencoder: await open(autoencoder, "autoencoder") };
    return networkPrior({ ...card, architecture }, sources, "hash");
  }

  const [z, sigma] = [golden.tensor("x"), constant(0.9)];
  const values = (t: Tensor) => Array.from(evaluate([t])[0].data);

  test("has its condition as an argument; its own denoiser is told one token of zeros", async () => {
    const prior = await load(plain);
    const { conditional } = prior;
    if (!conditional) throw new Error("no condition");
    expect(conditional.embedding.shape).toEqual([1, 1, 6]);
    expect(values(prior.denoise(z, sigma))).toEqual(values(conditional.denoise(z, sigma, conditional.embedding)));
    const other = values(conditional.denoise(z, sigma, golden.tensor("context")));
    expect(other).not.toEqual(values(prior.denoise(z, sigma)));
    // By hand: EDM's preconditioning around the network of the golden values.
    const s2 = 0.81 + 1;
    const network = await readNetwork(weights, (reader) =>
      conditionalUnet(reader, architecture as unknown as ConditionalUnet),
    );
    const time = constant(new Array(z.shape[0]).fill(Math.log(0.9) / 4), [z.shape[0]], "float32");
    const F = network(z.div(Math.sqrt(s2)), time, { context: golden.tensor("context") });
    const wanted = z.div(s2).add(F.mul(0.9 / Math.sqrt(s2)));
    expect(relativeError(other, values(wanted))).toBeLessThan(1e-6);
  });

  test("or the tokens that its weights file holds", async () => {
    const context = golden.tensor("context").narrow(0, 0, 1);
    const held = withTensor(plain, "context", context.shape, values(context));
    const prior = await load(held);
    expect(prior.conditional?.embedding.shape).toEqual(context.shape);
    const plainly = (await load(plain)).conditional;
    expect(values(prior.denoise(z, sigma))).toEqual(values(plainly!.denoise(z, sigma, context)));
    await expect(load(withTensor(plain, "context", [1, 2, 3], new Array(6).fill(0)))).rejects.toThrow(
      "context: expected [1, T, 6], got [1, 2, 3]",
    );
  });
});

/** The file with one more float32 tensor. */
function withTensor(file: Uint8Array, name: string, shape: readonly number[], data: readonly number[]): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const old = file.subarray(8 + length);
  header[name] = { dtype: "F32", shape, data_offsets: [old.length, old.length + 4 * data.length] };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const size = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  const bytes = new Uint8Array(Float32Array.from(data).buffer);
  return Uint8Array.from([...size, ...text, ...old, ...bytes]);
}

describe("damaged latent models", () => {
  let scratch = "";
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "tweedie-latent-"));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  async function copy(name: string, change: (card: Record<string, never>) => void): Promise<string> {
    const to = join(scratch, name);
    await cp(folder, to, { recursive: true });
    const card = JSON.parse(await readFile(join(to, "card.json"), "utf8")) as Record<string, never>;
    change(card);
    await writeFile(join(to, "card.json"), JSON.stringify(card));
    return to;
  }

  test.each(["weights.safetensors", "autoencoder.safetensors"])("%s missing, or with another sum", async (file) => {
    const to = await copy(file, () => {});
    const bytes = await readFile(join(to, file));
    bytes[bytes.length - 1] ^= 1;
    await writeFile(join(to, file), bytes);
    await expect(loadPrior(to)).rejects.toMatchObject({
      code: "invalid-model",
      message: expect.stringContaining("sha256"),
    });
    await rm(join(to, file));
    await expect(loadPrior(to)).rejects.toMatchObject({ code: "missing-file" });
  });

  test("cards that fit no network", async () => {
    const wrong = await copy("closed", (card) => {
      Object.assign(card, { architecture: { type: "function" } });
    });
    await expect(loadPrior(wrong)).rejects.toThrow("expected a card of a network");
    const unknown = await copy("unknown", (card) => {
      Object.assign((card.autoencoder as Record<string, object>).architecture, { type: "autoencoder-xyz" });
    });
    await expect(loadPrior(unknown)).rejects.toThrow("autoencoder.architecture.type");
    const without = await copy("no-preconditioning", (card) => {
      delete card.preconditioning;
    });
    await expect(loadPrior(without)).rejects.toThrow("expected a card with preconditioning");
  });
});

describe("restore and sample with a latent model", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.dispose());
  const [width, height] = [21, 14];
  const data = Float32Array.from({ length: 3 * width * height }, (_, i) => 0.5 + 0.3 * Math.sin(i / 7));
  const image = createImage(width, height, 3, data);

  test.each(["dps", "red-diff", "vml-map"] as const)(
    "%s: a picture of the same size, and the ceiling",
    async (solver) => {
      const prior = await loadPrior(folder);
      const options = solver === "vml-map" ? { steps: 2, inner: 2 } : { steps: 4 };
      const request = { image, prior, task: { name: "denoise" as const }, noise: 0.1, solver, options, engine };
      const result = await restore(request);
      expect([result.images[0].width, result.images[0].height, result.run.solver]).toEqual([width, height, solver]);
      expect(result.images[0].data.every((v) => v >= 0 && v <= 1)).toBe(true);
      expect(result.run.roundTrip?.psnr).toBeGreaterThan(0);
      expect(result.run.counts.forwards).toBeGreaterThan(0);
    },
  );

  test("the default solver", async () => {
    const prior = await loadPrior(folder);
    const result = await restore({
      image,
      prior,
      task: { name: "denoise" },
      noise: 0.1,
      options: { steps: 2 },
      engine,
    });
    expect(result.run.solver).toBe("vml-map");
  });

  test("known pixels stay", async () => {
    const prior = await loadPrior(folder);
    const missing = Uint8Array.from({ length: width * height }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const mask = createMask(
      width,
      height,
      missing.map((m) => 1 - m),
    );
    const options = { steps: 3 };
    const { images, run } = await restore({
      image,
      prior,
      task: { name: "inpaint", mask },
      noise: 0,
      options,
      engine,
    });
    expect(run.residual).toBe(0);
    const changed = images[0].data.filter((v, i) => !missing[i % missing.length] && v !== data[i]);
    expect(changed).toHaveLength(0);
  });

  test("noisy known pixels stay on request; the cast of the autoencoder and the seam are reported", async () => {
    const prior = await loadPrior(folder);
    const missing = Uint8Array.from({ length: width * height }, (_, i) => (i % width > 7 && i % width < 13 ? 1 : 0));
    const mask = createMask(
      width,
      height,
      missing.map((m) => 1 - m),
    );
    const task = { name: "inpaint", mask } as const;
    const request = {
      image,
      prior,
      task,
      noise: 0.1,
      solver: "latino" as const,
      options: { steps: 2 },
      keepKnown: true,
      engine,
    };
    const { images, run, seam, remarks } = await restore(request);
    expect(images[0].data.filter((v, i) => !missing[i % missing.length] && v !== data[i])).toHaveLength(0);
    expect(run.residual).toBe(0);
    expect(run.roundTrip?.bias).toHaveLength(3);
    expect(seam?.ratio).toBeGreaterThan(0);
    expect(remarks).toEqual([expect.stringContaining("consistency models")]);
    const plain = await restore({ ...request, solver: "red-diff", keepKnown: false });
    expect(plain.remarks).toEqual([]);
  });

  test("a sample is a decoded picture of the size asked for, whatever the batch", async () => {
    const prior = await loadPrior(folder);
    const options = { steps: 3 };
    const both = await sample({ prior, width, height, options, samples: 2, seed: 5, engine });
    expect(both.images.map((i) => [i.width, i.height, i.channels])).toEqual([
      [width, height, 3],
      [width, height, 3],
    ]);
    const one = await sample({ prior, width, height, options, seed: 5, engine });
    expect(one.images[0].data).toEqual(both.images[0].data);
  });
});
