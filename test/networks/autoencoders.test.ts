import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import {
  type Autoencoder,
  type AutoencoderKl,
  autoencoderKl,
  readNetwork,
  type ShuffleAutoencoder,
  sampleLatent,
  scaledAutoencoder,
  shuffleAutoencoder,
  tinyAutoencoder,
} from "../../src/networks/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { readImage } from "../../src/node/pictures.ts";
import { toModel } from "../../src/pictures/index.ts";
import { concat, constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import type { StoredTensor, WeightSource } from "../../src/weights/index.ts";
import { expectClose, relativeError } from "../helpers/close.ts";
import { shared } from "../helpers/shared.ts";
import { inMemory, readTensors } from "../helpers/weights.ts";
import { goldenNetwork, goldenTensors, outputAndVjp } from "../latent/golden.ts";

const networks = {
  kl: await goldenNetwork("kl"),
  vq: await goldenNetwork("vq"),
  shuffle: await goldenNetwork("shuffle"),
};

function make(name: keyof typeof networks, weights: WeightSource = networks[name].weights): Promise<Autoencoder> {
  const { architecture } = networks[name];
  return readNetwork(weights, (reader) =>
    name === "shuffle"
      ? shuffleAutoencoder(reader, architecture as unknown as ShuffleAutoencoder)
      : autoencoderKl(reader, architecture as unknown as AutoencoderKl),
  );
}

const autoencoders = { kl: await make("kl"), vq: await make("vq"), shuffle: await make("shuffle") };

/** The encoder's raw end: mean and log variance, as PyTorch's golden values have it. */
const moments = (autoencoder: Autoencoder) => (x: Tensor) => {
  const { mean, std } = autoencoder.encode(x);
  return std ? concat([mean, std.log().mul(2)], 1) : mean;
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

describe.each(["kl", "vq", "shuffle"] as const)(
  "autoencoder %s of random weights (golden values: PyTorch, float64)",
  (name) => {
    const { golden, tensors } = networks[name];
    const autoencoder = autoencoders[name];
    const halves = { encode: moments(autoencoder), decode: autoencoder.decode };

    test.each(["encode", "decode"] as const)("%s: output and VJP", async (half) => {
      const [x, v] = [golden.tensor(`${half}.x`), golden.tensor(`${half}.v`)];
      const exact = await outputAndVjp(halves[half], x, v);
      expect(relativeError(exact.y, golden.values(`${half}.y`))).toBeLessThan(1e-6);
      expect(relativeError(exact.g, golden.values(`${half}.vjp`))).toBeLessThan(1e-6);
      const fast = await outputAndVjp(halves[half], x, v, engine);
      expect(relativeError(fast.y, golden.values(`${half}.y`))).toBeLessThan(1e-5);
      expect(relativeError(fast.g, golden.values(`${half}.vjp`))).toBeLessThan(1e-5);
    });

    test("says what it takes", () => {
      expect(() => autoencoder.encode(constant(0, [1, 3, 7, 8]))).toThrow("multiples of");
      expect(() => autoencoder.decode(constant(0, [1, 7, 2, 2]))).toThrow("decode: expected [N,");
    });

    test("a missing tensor, one too many, one of another shape are named", async () => {
      const made = (changed: ReadonlyMap<string, StoredTensor>) => make(name, inMemory(changed, name));
      const first = [...tensors.keys()][0];
      const without = new Map(tensors);
      without.delete(first);
      await expect(made(without)).rejects.toThrow(`tensor ${first}`);
      const stored = tensors.get(first)!;
      await expect(made(new Map(tensors).set("extra", stored))).rejects.toThrow("also extra");
      await expect(made(new Map(tensors).set(first, { ...stored, shape: [1, 2] }))).rejects.toThrow("got [1, 2]");
    });
  },
);

test("old names of the attention's projections are read too", async () => {
  const { golden, tensors } = networks.kl;
  const old: [RegExp, string][] = [
    [/to_q/, "query"],
    [/to_k/, "key"],
    [/to_v/, "value"],
    [/to_out\.0/, "proj_attn"],
  ];
  const renamed = new Map(
    [...tensors].map(([name, t]) => [old.reduce((n, [from, to]) => n.replace(from, to), name), t] as const),
  );
  const { decode } = await make("kl", inMemory(renamed, "old"));
  const [{ data }] = evaluate([decode(golden.tensor("decode.x"))]);
  expect(relativeError(data, golden.values("decode.y"))).toBeLessThan(1e-6);
});

test("quantised latents are entries of the codebook, and derivatives pass as through the identity", () => {
  const { tensors } = networks.vq;
  const book = evaluate([constant(tensors.get("quantize.embedding.weight")!.data as never, [16, 2], "float16")])[0]
    .data;
  const entry = (k: number) => constant([book[2 * k], book[2 * k + 1]], [1, 2, 1, 1]);
  const { decode } = autoencoders.vq;
  const near = entry(3).add(1e-4);
  const [a, b] = evaluate([decode(entry(3)), decode(near)]).map((r) => r.data);
  expectClose(a, b, 1e-9);
});

describe("scaled latents", () => {
  const network = networks.shuffle;
  const own = autoencoders.shuffle;

  test("encode and decode undo each other's scaling", () => {
    const scaled = scaledAutoencoder(own, { mean: [0.5, -1, 0, 2], std: [1, 2, 3, 0.5] });
    const x = network.golden.tensor("encode.x");
    const [q, r] = [own.encode(x), scaled.encode(x)];
    const z = constant([0.5, -1, 0, 2], [1, 4, 1, 1]);
    const s = constant([1, 2, 3, 0.5], [1, 4, 1, 1]);
    const noise = constant(
      Float64Array.from({ length: q.mean.size }, (_, i) => Math.sin(i)),
      q.mean.shape,
      "float32",
    );
    const [mean, expectedMean, sample, expectedSample, picture, expectedPicture] = evaluate([
      r.mean.mul(s).add(z),
      q.mean,
      sampleLatent(r, noise).mul(s).add(z),
      sampleLatent(q, noise),
      scaled.decode(r.mean),
      own.decode(q.mean),
    ]).map((t) => t.data);
    expectClose(mean, expectedMean, 1e-9);
    expectClose(sample, expectedSample, 1e-9);
    expectClose(picture, expectedPicture, 1e-9);
  });

  test("refuse numbers for another number of channels", () => {
    expect(() => scaledAutoencoder(own, { std: [1, 2] })).toThrow("latents.std: expected one number or 4, got 2");
  });
});

describe("TAEF2 (golden values: PyTorch, float64)", () => {
  const weightsFolder = shared("data/weights/taef2");
  const images = shared("data/eval");
  const skip = !weightsFolder.present || !images.present;

  async function load(): Promise<Autoencoder> {
    const all = new Map<string, StoredTensor>();
    for (const half of ["encoder", "decoder"]) {
      const { tensors } = await readTensors(`${weightsFolder.path}/taef2_${half}.safetensors`);
      for (const [name, t] of tensors) all.set(`${half}.${name}`, t);
    }
    const config = { type: "tiny-autoencoder", channels: 3, latents: 32, width: 64, pool: true } as const;
    return readNetwork(inMemory(all, "taef2"), (reader) => tinyAutoencoder(reader, config));
  }

  /** The top left pixels on [-1, 1]. */
  async function corner(name: string, side: number): Promise<Tensor> {
    const image = await readImage(`${images.path}/${name}`);
    const all = constant(toModel(image), [1, 3, image.height, image.width]);
    return all.narrow(2, 0, side).narrow(3, 0, side);
  }

  // PyTorch's pictures are on [0, 1]: x = 2·x01 − 1, so d/dx01 = 2 d/dx for the encoder and y = 2·y01 − 1 for the decoder.
  const affine = (data: ArrayLike<number>, a: number, b: number) => Float64Array.from(data, (v) => a * v + b);
  const cases: [number, string, number][] = [
    [0, "set5/butterfly.png", 64],
    [1, "anime64/1.png", 64],
    [2, "set5/butterfly.png", 16],
  ];

  /** Relative errors of outputs and VJPs of both halves; in the float64 evaluator without an engine. */
  async function errorsOf(k: number, name: string, side: number, engine?: Engine) {
    const golden = await goldenTensors("taef2.safetensors");
    const autoencoder = await load();
    const x = await corner(name, side);
    const encoded = await outputAndVjp((x) => autoencoder.encode(x).mean, x, golden.tensor(`encoder${k}.v`), engine);
    const decoded = await outputAndVjp(
      autoencoder.decode,
      golden.tensor(`encoder${k}.y`),
      golden.tensor(`decoder${k}.v`),
      engine,
    );
    return {
      outputs: [
        relativeError(encoded.y, golden.values(`encoder${k}.y`)),
        relativeError(decoded.y, affine(golden.values(`decoder${k}.y`), 2, -1)),
      ],
      encoderVjp: relativeError(affine(encoded.g, 2, 0), golden.values(`encoder${k}.vjp`)),
      decoderVjp: relativeError(affine(decoded.g, 0.5, 0), golden.values(`decoder${k}.vjp`)),
    };
  }

  it.skipIf(skip)("encodes and decodes in float64 as PyTorch does, VJPs included", async () => {
    const { outputs, encoderVjp, decoderVjp } = await errorsOf(...cases[2]); // the size that takes a test's time
    expect(Math.max(...outputs, encoderVjp, decoderVjp)).toBeLessThan(1e-6);
  });

  it.skipIf(skip)("does so on ONNX Runtime, but for VJPs at a ReLU's edge", async () => {
    const errors = await Promise.all(cases.map((c) => errorsOf(...c, engine)));
    for (const { outputs } of errors) expect(Math.max(...outputs)).toBeLessThan(1e-5);
    // Some of the 10⁵ ReLUs may round to the other side of zero, and the VJP jumps by up to 1 %: it does as much in float64 when the
    // picture is moved by 1e-7. Where none does, on at least one of these pictures, single precision is what it gives.
    for (const vjps of [errors.map((e) => e.encoderVjp), errors.map((e) => e.decoderVjp)]) {
      expect(Math.min(...vjps)).toBeLessThan(1e-5);
      expect(Math.max(...vjps)).toBeLessThan(2e-2);
    }
  });
});
