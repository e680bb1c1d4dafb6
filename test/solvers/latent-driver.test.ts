import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { decoderSlopeSquared, latentSpace } from "../../src/latent/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { type Autoencoder, readNetwork, tinyAutoencoder } from "../../src/networks/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { readImage } from "../../src/node/pictures.ts";
import { createOperator } from "../../src/operators/index.ts";
import { maskBits } from "../../src/operators/masks.ts";
import { toModel } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/gaussian.ts";
import type { Prior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { findSolver, keepKnown, prepareSolver, runToEnd } from "../../src/solvers/index.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import type { StoredTensor } from "../../src/weights/index.ts";
import { linearAutoencoder } from "../helpers/linear-autoencoder.ts";
import { shared } from "../helpers/shared.ts";
import { inMemory, readTensors } from "../helpers/weights.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/** Block means of 2×2, and with `details` the three Haar details too, of each of 3 channels: orthonormal rows. */
function haar(details: boolean): Autoencoder {
  const rows = [
    [1, 1, 1, 1],
    [1, -1, 1, -1],
    [1, 1, -1, -1],
    [1, -1, -1, 1],
  ].slice(0, details ? 4 : 1);
  const E = [0, 1, 2].flatMap((c) =>
    rows.map((row) => [0, 1, 2].flatMap((d) => (d === c ? row.map((v) => v / 2) : [0, 0, 0, 0]))),
  );
  const W = E[0].map((_, i) => E.map((row) => row[i]));
  return linearAutoencoder(3, 2, W, E);
}

function latentPrior(latent: Autoencoder, variance: number): Prior {
  return { ...isotropicPrior(0, variance, { channels: latent.latents }), channels: 3, latent };
}

/** A smooth picture with an edge, [3, h, w] on [-1, 1]. */
const picture = (h: number, w: number) =>
  Float32Array.from({ length: 3 * h * w }, (_, i) => {
    const [x, y, c] = [i % w, Math.floor(i / w) % h, Math.floor(i / (w * h))];
    return 0.5 * Math.sin(0.4 * x + c) * Math.cos(0.3 * y) + (x + y > 12 ? 0.3 : -0.3);
  });

describe("a linear autoencoder", () => {
  const [h, w] = [11, 14]; // 11 is no multiple of 2
  const domain = [1, 3, h, w];
  const clean = picture(h, w);
  const missing = Array.from({ length: h * w }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const mask = Float32Array.from({ length: 3 * h * w }, (_, i) => (missing[i % (h * w)] ? 0 : 1));
  const known = missing.map((v) => 1 - v);
  const operator = createOperator({ name: "inpaint", mask: { ...maskBits(known, h, w) } }, { domain });
  const y = clean.map((v, i) => v * mask[i]);

  test.each([
    ["dps", { steps: 40, zeta: 1, sigmaMax: 10 }],
    ["red-diff", { steps: 200, lr: 0.05, lambda: 0.01 }],
    ["vml-map", { steps: 8, inner: 8, sigmaMax: 10 }],
  ])("%s fills holes; known pixels stay, the size is the picture's", async (name, options) => {
    const prior = latentPrior(haar(true), 1);
    const prepared = await prepareSolver({ operator, sigmaY: 0, prior }, { solver: findSolver(name), options, engine });
    const start = clean.map((v, i) => (mask[i] ? v : 0));
    const solution = await runToEnd(prepared, { measurement: y, start }, { seed: 1 });
    await prepared.dispose();
    expect(solution.shape).toEqual(domain);
    expect(keepKnown(operator, 0, y, solution.pictures).filter((v, i) => mask[i] && v !== y[i])).toHaveLength(0);
    expect(solution.counts.forwards).toBeGreaterThan(0);
    // The Haar transform is orthonormal and so is the prior: what is missing has nothing to follow but its mean, 0.
    expect(solution.residuals[0]).toBeLessThan(0.35 * Math.sqrt(y.reduce((s, v) => s + v * v, 0)));
    expect(solution.roundTrip?.psnr).toBeGreaterThan(100);
  });

  test("the ceiling is the round trip of the first guess", async () => {
    const prior = latentPrior(haar(false), 1);
    const identity = createOperator({ name: "denoise" }, { domain });
    const options = { steps: 1 };
    const prepared = await prepareSolver(
      { operator: identity, sigmaY: 0.1, prior },
      { solver: findSolver("red-diff"), options, engine },
    );
    const { roundTrip } = await runToEnd(prepared, { measurement: clean, start: clean });
    if (!roundTrip) throw new Error("no round trip");
    await prepared.dispose();
    // By hand: means of 2×2 blocks; the last row is alone with its reflection, the row above it.
    const back = clean.map((_, i) => {
      const [x, row, c] = [i % w, Math.floor(i / w) % h, Math.floor(i / (w * h))];
      const at = (r: number, k: number) => clean[(c * h + (r === h ? h - 2 : r)) * w + k];
      const [r, k] = [row - (row % 2), x - (x % 2)];
      return (at(r, k) + at(r, k + 1) + at(r + 1, k) + at(r + 1, k + 1)) / 4;
    });
    expect(roundTrip.psnr).toBeCloseTo(psnr(back, clean, 2), 3);
    expect(roundTrip.psnr).toBeLessThan(40);
    const n = h * w;
    const bias = [0, 1, 2].map((c) => {
      const sum = (a: Float32Array) => a.subarray(c * n, (c + 1) * n).reduce((s, v) => s + v, 0);
      return (sum(back) - sum(clean)) / n / 2;
    });
    roundTrip.bias.forEach((b, c) => {
      expect(b).toBeCloseTo(bias[c], 6);
    });
    expect(Math.abs(bias[0])).toBeGreaterThan(1e-4); // the last row alone is not its own mean
  });

  test("the batch does not change a sample", async () => {
    const prior = latentPrior(haar(true), 1);
    const solve = async (samples: number, firstSample: number) => {
      const request = { solver: findSolver("dps"), options: { steps: 5, sigmaMax: 5 }, engine, samples };
      const prepared = await prepareSolver({ operator, sigmaY: 0.1, prior }, request);
      const { pictures } = await runToEnd(prepared, { measurement: y, start: y }, { seed: 4, firstSample });
      await prepared.dispose();
      return pictures;
    };
    const both = await solve(2, 0);
    const second = await solve(1, 1);
    const n = 3 * h * w;
    expect(Math.max(...second.map((v, i) => Math.abs(v - both[n + i])))).toBeLessThan(1e-5);
  });

  test("a prior of pictures has no latent space", () => {
    expect(() => latentSpace(isotropicPrior(0, 1))).toThrow(
      "model isotropic: expected a latent prior, got one of pictures",
    );
  });

  test("a solver that needs an SVD is refused, and says who can", async () => {
    const prior = latentPrior(haar(true), 1);
    const request = { solver: findSolver("ddrm"), options: {}, engine };
    await expect(prepareSolver({ operator, sigmaY: 0, prior }, request)).rejects.toMatchObject({
      code: "invalid-operator",
    });
  });
});

test("the slope of a decoder is its largest singular value, squared", async () => {
  // W has orthogonal columns of lengths 3, 1 and 0.5: blocks do not touch, so that of the whole decoder is 3.
  const columns = [
    [3, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 0.3, 0.4],
  ];
  const W = [0, 1, 2, 3].map((i) => columns.map((column) => column[i]));
  const autoencoder = linearAutoencoder(1, 2, W, columns);
  expect(await decoderSlopeSquared(autoencoder, engine)).toBeCloseTo(9, 3);
  const curved: Autoencoder = { ...autoencoder, decode: (z) => autoencoder.decode(z.mul(0.5).add(z.mul(0.5).tanh())) };
  const steep = await decoderSlopeSquared(curved, engine);
  expect(steep).toBeGreaterThan(5); // z + tanh has slope 2 at 0 in each half: 1 there, less elsewhere
  expect(steep).toBeLessThan(9);
});

describe("TAEF2 with a standard normal prior", () => {
  const weights = shared("data/weights/taef2");
  const image = shared("data/eval/set5/butterfly.png");

  async function load(): Promise<Autoencoder> {
    const all = new Map<string, StoredTensor>();
    for (const half of ["encoder", "decoder"]) {
      const { tensors } = await readTensors(`${weights.path}/taef2_${half}.safetensors`);
      for (const [name, t] of tensors) all.set(`${half}.${name}`, t);
    }
    const config = { type: "tiny-autoencoder", channels: 3, latents: 32, width: 64, pool: true } as const;
    return readNetwork(inMemory(all, "taef2"), (reader) => tinyAutoencoder(reader, config));
  }

  it.skipIf(!weights.present || !image.present)("RED-Diff fits a measurement through a real decoder", async () => {
    const [h, w] = [15, 24];
    const whole = await readImage(image.path);
    const x = constant(toModel(whole), [1, 3, whole.height, whole.width]).narrow(2, 64, h).narrow(3, 64, w);
    const clean = Float32Array.from(evaluate([x])[0].data);
    const operator = createOperator({ name: "super-resolution", scale: 2 }, { domain: [1, 3, h, w] });
    const noise = normals({ seed: 0, purpose: "noise" }, clean.length);
    const [measured] = evaluate([operator.apply(constant(clean, [1, 3, h, w]))]);
    const measurement = Float32Array.from(measured.data, (v, i) => v + 0.02 * noise[i]);
    const start = new Float32Array(clean.length); // grey: all that is seen in the result comes through the decoder
    const options = { steps: 20, lr: 0.2, lambda: 0.01, sigmaMax: 1 };
    const request = { solver: findSolver("red-diff"), options, engine };
    const prior = latentPrior(await load(), 1);
    const prepared = await prepareSolver({ operator, sigmaY: 0.02, prior }, request);
    const solution = await runToEnd(prepared, { measurement, start });
    await prepared.dispose();
    expect(solution.pictures).toHaveLength(clean.length);
    const before = Math.sqrt(measurement.reduce((s, v) => s + v * v, 0)); // of the grey start
    expect(solution.residuals[0]).toBeLessThan(0.7 * before);
    expect(psnr(solution.pictures, clean, 2)).toBeGreaterThan(psnr(start, clean, 2) + 2);
  });
});
