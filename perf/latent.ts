/**
 * The latent model: what its autoencoder lets through, what its denoiser knows, what it draws, and how long it takes.
 *
 *   npm run bench:latent -- [--model latent] [--sections roundtrip,times,denoise,samples] [--sets set14,cbsd68,anime64]
 *                           [--size 256] [--rounds 7] [--threads 2] [--samples 16] [--out .cache/latent]
 *
 * `--model taef2` takes the third-party autoencoder beside the project (no denoiser). TWEEDIE_PYTHON names a Python that has torch, for
 * its times (default: python3).
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Engine } from "../src/engine/index.ts";
import { encodePadded } from "../src/latent/index.ts";
import { psnr, ssim } from "../src/metrics/index.ts";
import { type Autoencoder, readNetwork, tinyAutoencoder } from "../src/networks/index.ts";
import { createEngine } from "../src/node/engine.ts";
import { listPriors, loadPrior } from "../src/node/models.ts";
import type { Prior } from "../src/priors/index.ts";
import { normals } from "../src/random/index.ts";
import { sample } from "../src/restore/index.ts";
import { constant, input, type Tensor, vjp } from "../src/tensor/index.ts";
import { bytesSource, openSafetensors, type StoredTensor, type WeightSource } from "../src/weights/index.ts";
import { writeContactSheet } from "./contact-sheet.ts";
import { type BenchPicture, readSet } from "./pictures.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "latent" },
    sections: { type: "string", default: "roundtrip,times,denoise,samples" },
    sets: { type: "string", default: "set14,cbsd68,anime64" },
    size: { type: "string", default: "256" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(availableParallelism()) },
    samples: { type: "string", default: "16" },
    out: { type: "string", default: ".cache/latent" },
  },
});
const threads = Number(options.threads);
const size = Number(options.size);
const python = process.env.TWEEDIE_PYTHON ?? "python3";
const taef2Folder = fileURLToPath(new URL("../../shared/data/weights/taef2", import.meta.url));

/** What is measured: an autoencoder, and the prior it belongs to where there is one. */
interface Subject {
  readonly autoencoder: Autoencoder;
  readonly prior?: Prior;
  readonly folder: string;
}

async function subject(name: string): Promise<Subject> {
  if (name !== "taef2") {
    const prior = await loadPrior(name);
    if (!prior.latent) throw new Error(`${name}: expected a latent model`);
    const embedded = (await listPriors()).find((p) => p.name === name);
    return { autoencoder: prior.latent, prior, folder: embedded ? dirname(embedded.file) : name };
  }
  const all = new Map<string, StoredTensor>();
  for (const half of ["encoder", "decoder"]) {
    const bytes = await readFile(join(taef2Folder, `taef2_${half}.safetensors`));
    const source = await openSafetensors(bytesSource(bytes, half));
    for (const key of source.names()) all.set(`${half}.${key}`, await source.read(key));
  }
  const architecture = { type: "tiny-autoencoder", channels: 3, latents: 32, width: 64, pool: true } as const;
  const both: WeightSource = {
    name: "taef2",
    names: () => all.keys(),
    entry: (key) => all.get(key),
    read: async (key) => all.get(key)!,
  };
  const autoencoder = await readNetwork(both, (weights) => tinyAutoencoder(weights, architecture));
  return { autoencoder, folder: taef2Folder };
}

const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
const median = (v: readonly number[]) => [...v].sort((a, b) => a - b)[v.length >> 1];
const timesOf = (v: readonly number[]) => `${Math.min(...v).toFixed(1)} (${median(v).toFixed(1)})`;

async function roundTrips({ autoencoder }: Subject, engine: Engine): Promise<void> {
  console.log(
    "Round trip decode(encode(x)), clipped: mean over the pictures\n\n| set | pictures | PSNR, dB | SSIM |\n| --- | --- | --- | --- |",
  );
  for (const set of options.sets.split(",")) {
    const scores: { psnr: number; ssim: number }[] = [];
    for (const picture of await readSet(set, 0)) scores.push(await roundTrip(autoencoder, picture, engine));
    const row = [mean(scores.map((s) => s.psnr)).toFixed(2), mean(scores.map((s) => s.ssim)).toFixed(4)];
    console.log(`| ${set} | ${scores.length} | ${row.join(" | ")} |`);
  }
}

async function roundTrip(autoencoder: Autoencoder, { data, height, width }: BenchPicture, engine: Engine) {
  const x = input([1, 3, height, width]);
  const y = autoencoder.decode(encodePadded(autoencoder, x)).narrow(2, 0, height).narrow(3, 0, width);
  const program = await engine.compile({ inputs: { x }, outputs: { y } });
  const results = await program.run({ x: data });
  await program.dispose();
  const unit = (v: number) => Math.min(1, Math.max(0, (v + 1) / 2));
  const [got, wanted] = [(results.y as Float32Array).map(unit), data.map(unit)];
  const planes = (d: Float32Array) => ({ data: d, channels: 3, height, width });
  return { psnr: psnr(got, wanted, 1), ssim: ssim(planes(got), planes(wanted), { dataRange: 1 }) };
}

/** Root mean squared error of one denoising step on normalised latents; that of a Wiener filter of unit variances beside it. */
async function denoising({ prior, autoencoder }: Subject, engine: Engine): Promise<void> {
  if (!prior) return;
  console.log(
    "\nOne denoising step on latents of cbsd68 (centre 256²), root mean squared error of unit-variance latents\n",
  );
  console.log("| σ | error | without knowledge, σ/√(1+σ²) |\n| --- | --- | --- |");
  const pictures = await readSet("cbsd68:12", 256);
  const [x, noise, sigma] = [
    input([1, 3, 256, 256]),
    input([1, autoencoder.latents, 256 / autoencoder.factor, 256 / autoencoder.factor]),
    input([]),
  ];
  const z = autoencoder.encode(x).mean;
  const error = prior
    .denoise(z.add(noise.mul(sigma)), sigma)
    .sub(z)
    .square()
    .mean();
  const program = await engine.compile({ inputs: { x, noise, sigma }, outputs: { error } });
  for (const level of [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]) {
    const errors: number[] = [];
    for (const [k, picture] of pictures.filter((p) => p.data.length === 3 * 256 * 256).entries()) {
      const draw = normals({ seed: 0, sample: k, purpose: "bench" }, noise.size);
      const results = await program.run({ x: picture.data, noise: draw, sigma: level });
      errors.push(results.error[0] as number);
    }
    console.log(`| ${level} | ${Math.sqrt(mean(errors)).toFixed(4)} | ${(level / Math.hypot(1, level)).toFixed(4)} |`);
  }
  await program.dispose();
}

async function contactSheet({ prior }: Subject, engine: Engine): Promise<void> {
  if (!prior) return;
  const count = Number(options.samples);
  const side = prior.fixedSize?.[0] ?? 128;
  const { images, seconds } = await sample({ prior, width: side, height: side, samples: count, engine });
  const file = join(options.out, `samples-${prior.name}.png`);
  await writeContactSheet(images, file);
  console.log(`\n${count} samples of ${side}² in ${seconds.toFixed(1)} s: ${file}`);
}

/** A process that answers one JSON line with one JSON line. */
class Torch {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const script = fileURLToPath(new URL("./latent.py", import.meta.url));
    this.#child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.on("error", () => {});
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request: object): Promise<{ ms: number[] } | undefined> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as { ms: number[] });
  }

  end(): void {
    this.#child.stdin.end();
  }
}

async function times({ autoencoder, prior, folder }: Subject, engine: Engine): Promise<void> {
  const { latents, factor } = autoencoder;
  const latent = [1, latents, size / factor, size / factor];
  const level = constant(1);
  const parts: [string, readonly number[], (x: Tensor) => Tensor][] = [
    ["encoder", [1, 3, size, size], (x) => autoencoder.encode(x).mean],
    ["decoder", latent, autoencoder.decode],
  ];
  if (prior) parts.push(["denoiser", latent, (z) => prior.denoise(z, level)]);
  console.log(`\nTimes at ${size}² in ms, minimum (median), ${threads} threads, in turn\n`);
  console.log("| part | pass | Tweedie | PyTorch |\n| --- | --- | --- | --- |");
  for (const [part, shape, f] of parts)
    for (const withVjp of [false, true]) {
      const x = input(shape);
      const y = f(x);
      const outputs: Record<string, Tensor> = withVjp
        ? { g: vjp([y], [x], [constant(1, [], y.dtype).expand(y.shape)])[0] }
        : { y };
      const program = await engine.compile({ inputs: { x }, outputs });
      const data = normals({ seed: 0, purpose: "bench" }, x.size);
      await program.run({ x: data });
      const torch = new Torch();
      const there = await torch.ask({ do: "load", model: options.model, folder, part, shape, vjp: withVjp, threads });
      const [ours, theirs]: number[][] = [[], []];
      for (let round = 0; round < Number(options.rounds); round++) {
        for (let k = 0; k < 3; k++) {
          const begin = performance.now();
          await program.run({ x: data });
          ours.push(performance.now() - begin);
        }
        const answer = there && (await torch.ask({ do: "run", times: 3 }));
        if (answer) theirs.push(...answer.ms);
      }
      torch.end();
      await program.dispose();
      const pass = withVjp ? "forward + VJP" : "forward";
      console.log(`| ${part} | ${pass} | ${timesOf(ours)} | ${theirs.length > 0 ? timesOf(theirs) : "no torch"} |`);
    }
}

const chosen = await subject(options.model);
const engine = await createEngine({ threads });
const sections: Record<string, (s: Subject, e: Engine) => Promise<void>> = {
  roundtrip: roundTrips,
  times,
  denoise: denoising,
  samples: contactSheet,
};
for (const name of options.sections.split(",")) await sections[name]?.(chosen, engine);
await engine.dispose();
