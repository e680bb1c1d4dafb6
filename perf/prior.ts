/**
 * What a pixel prior is worth: denoising in one step beside the first prior, FFDNet and published figures; whether it behaves
 * like a posterior mean; what it costs; what it draws.
 *
 *   npm run bench:prior -- [--models natural,natural-small,v0,ffdnet] [--sections denoise,range,times,sanity,sizes,samples]
 *                          [--set cbsd68] [--crop 0] [--rounds 7] [--threads 2] [--samples 9] [--out .cache/prior]
 *
 * `--models` takes names of priors, cards and folders; what is not there is left out, and said so.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Engine } from "../src/engine/index.ts";
import { createEngine } from "../src/node/engine.ts";
import { loadPrior } from "../src/node/models.ts";
import { normals } from "../src/random/index.ts";
import { sample } from "../src/restore/index.ts";
import { constant, input, type Tensor, vjp } from "../src/tensor/index.ts";
import { writeContactSheet } from "./contact-sheet.ts";
import { type BenchPicture, readSet } from "./pictures.ts";
import { type BenchDenoiser, benchDenoiser } from "./prior-models.ts";
import { sanity } from "./prior-sanity.ts";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "natural,natural-small,v0,ffdnet" },
    sections: { type: "string", default: "denoise,range,times,sanity,sizes,samples" },
    set: { type: "string", default: "cbsd68" },
    crop: { type: "string", default: "0" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(availableParallelism()) },
    samples: { type: "string", default: "9" },
    out: { type: "string", default: ".cache/prior" },
  },
});

/** Of 255, in dB, mean over CBSD68, as their papers give it. */
const published: Record<string, Record<number, number>> = {
  "CBM3D, published": { 15: 33.52, 25: 30.71, 50: 27.38, 75: 25.74 },
  "FFDNet, published": { 15: 33.87, 25: 31.21, 50: 27.96, 75: 26.24 },
  "CDnCNN, published": { 15: 33.89, 25: 31.23, 50: 27.92 },
  "DRUNet, published": { 15: 34.3, 25: 31.69, 50: 28.51 },
};

const row = (cells: readonly unknown[]) => console.log(`| ${cells.join(" | ")} |`);
function table(head: readonly unknown[]): void {
  console.log("");
  row(head);
  row(head.map(() => "---"));
}
const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;

/** PSNR of D(x + σn, σ) for each σ, nothing clipped; a picture's noise is the same for every model and level. */
async function denoisingPsnr(
  { denoise }: BenchDenoiser,
  pictures: readonly BenchPicture[],
  sigmas: readonly number[],
  engine: Engine,
): Promise<number[]> {
  const totals = sigmas.map(() => 0);
  for (const shape of new Set(pictures.map(({ height, width }) => `${height} ${width}`))) {
    const [height, width] = shape.split(" ").map(Number);
    const [clean, noise, sigma] = [input([1, 3, height, width]), input([1, 3, height, width]), input([])];
    const error = denoise(clean.add(noise.mul(sigma)), sigma)
      .sub(clean)
      .square()
      .mean();
    const program = await engine.compile({ inputs: { clean, noise, sigma }, outputs: { error } });
    for (const [index, picture] of pictures.entries()) {
      if (picture.height !== height || picture.width !== width) continue;
      const draw = normals({ seed: 0, sample: index, purpose: "bench" }, clean.size);
      for (const [k, level] of sigmas.entries()) {
        const results = await program.run({ clean: picture.data, noise: draw, sigma: level });
        totals[k] += 10 * Math.log10(4 / Number(results.error[0]));
      }
    }
    await program.dispose();
  }
  return totals.map((total) => total / pictures.length);
}

async function psnrTable(
  models: readonly BenchDenoiser[],
  levels: readonly number[],
  unit: number,
  engine: Engine,
): Promise<void> {
  const pictures = await readSet(options.set, Number(options.crop));
  console.log(`\nPSNR of one denoising step in dB, ${options.set}, ${pictures.length} pictures, nothing clipped`);
  table([unit === 1 ? "σ on [-1, 1]" : "σ of 255", ...levels]);
  for (const model of models) {
    const known = levels.map((level) => level * unit <= model.sigmaRange[1]);
    const sigmas = levels.filter((_, k) => known[k]).map((level) => level * unit);
    const values = await denoisingPsnr(model, pictures, sigmas, engine);
    row([model.name, ...known.map((yes) => (yes ? values.shift()?.toFixed(2) : ""))]);
  }
}

async function denoising(models: readonly BenchDenoiser[], engine: Engine): Promise<void> {
  const levels = [5, 15, 25, 50, 75, 100];
  await psnrTable(models, levels, 2 / 255, engine);
  for (const [name, values] of Object.entries(published))
    row([name, ...levels.map((level) => values[level]?.toFixed(2) ?? "")]);
}

/** Forward and forward + VJP at 256², the models in turn within each round. */
async function times(models: readonly BenchDenoiser[], engine: Engine): Promise<void> {
  const x = input([1, 3, 256, 256]);
  const data = normals({ seed: 0, purpose: "bench" }, x.size);
  console.log(`\nTimes at 256², ${options.threads} threads, minimum in ms, and the ratio to the last row's`);
  table(["model", "forward", "ratio", "forward + VJP", "ratio"]);
  const runs: { ms: number; run: () => Promise<unknown> }[][] = [];
  for (const { denoise } of models) {
    const y = denoise(x, constant(0.2));
    const cotangent = constant(1, [], y.dtype).expand(y.shape);
    const passes: Record<string, Tensor>[] = [{ y }, { g: vjp([y], [x], [cotangent])[0] }];
    runs.push(
      await Promise.all(
        passes.map(async (outputs) => {
          const program = await engine.compile({ inputs: { x }, outputs });
          return { ms: Number.POSITIVE_INFINITY, run: () => program.run({ x: data }) };
        }),
      ),
    );
  }
  for (let round = 0; round < 3 * Number(options.rounds); round++)
    for (const pass of runs.flat()) {
      const begin = performance.now();
      await pass.run();
      pass.ms = Math.min(pass.ms, performance.now() - begin);
    }
  const last = runs[runs.length - 1];
  for (const [k, passes] of runs.entries())
    row([models[k].name, ...passes.flatMap(({ ms }, i) => [ms.toFixed(1), (ms / last[i].ms).toFixed(2)])]);
}

/** Error at 25/255 on odd and tiny pictures: at the border, where reflected pixels go in, against the rest. */
async function sizes(models: readonly BenchDenoiser[], engine: Engine): Promise<void> {
  const [picture] = await readSet("cbsd68:1", 0);
  const shapes = [
    [1, 1],
    [2, 3],
    [5, 7],
    [9, 17],
    [33, 47],
    [101, 97],
    [255, 257],
  ];
  console.log("\nRoot mean squared error at 25/255 (0.196): border of 4 pixels / rest, by picture size");
  table(["model", ...shapes.map(([h, w]) => `${h}×${w}`)]);
  for (const { name, denoise } of models) {
    if (name === "ffdnet") continue; // takes even sizes only
    const cells: string[] = [];
    for (const [height, width] of shapes) {
      const data = new Float32Array(3 * height * width);
      for (let c = 0; c < 3; c++)
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++)
            data[(c * height + i) * width + j] = picture.data[(c * picture.height + i + 20) * picture.width + j + 20];
      const [clean, noise] = [input([1, 3, height, width]), input([1, 3, height, width])];
      const sigma = 50 / 255;
      const y = denoise(clean.add(noise.mul(sigma)), constant(sigma)).sub(clean);
      const program = await engine.compile({ inputs: { clean, noise }, outputs: { y } });
      const squares: [number[], number[]] = [[], []];
      for (let k = 0; k < 8; k++) {
        const { y: error } = await program.run({
          clean: data,
          noise: normals({ seed: 0, sample: k, purpose: "bench" }, clean.size),
        });
        for (const [index, e] of (error as Float32Array).entries()) {
          const [i, j] = [Math.floor(index / width) % height, index % width];
          const border = Math.min(i, j, height - 1 - i, width - 1 - j) < 4;
          squares[border ? 0 : 1].push(e * e);
        }
      }
      await program.dispose();
      cells.push(squares.map((s) => (s.length > 0 ? Math.sqrt(mean(s)).toFixed(3) : "–")).join(" / "));
    }
    row([name, ...cells]);
  }
}

async function samples(models: readonly BenchDenoiser[], engine: Engine): Promise<void> {
  const count = Number(options.samples);
  const side = 256;
  for (const { name } of models) {
    if (["v0", "ffdnet"].includes(name)) continue;
    const { images } = await sample({
      prior: await loadPrior(name),
      width: side,
      height: side,
      samples: count,
      engine,
    });
    const file = join(options.out, `samples-${name}.png`);
    await writeContactSheet(images, file);
    console.log(`\n${count} samples of ${side}²: ${file}`);
  }
}

const models: BenchDenoiser[] = [];
for (const name of options.models.split(",")) {
  const model = await benchDenoiser(name).catch((error: Error) => {
    console.log(`${name}: ${error.message}`);
    return undefined;
  });
  if (model) models.push(model);
  else console.log(`${name} is not there`);
}
const engine = await createEngine({ threads: Number(options.threads) });
const range = [2, 4, 8, 16, 32, 64, 128, 255].map((level) => (level * 2) / 255);
const sections: Record<string, () => Promise<void>> = {
  denoise: () => denoising(models, engine),
  range: () => psnrTable(models, [...range.map((v) => Number(v.toPrecision(3))), 5, 10], 1, engine),
  times: () => times(models, engine),
  sanity: () => sanity(models, engine),
  sizes: () => sizes(models, engine),
  samples: () => samples(models, engine),
};
for (const name of options.sections.split(",")) await sections[name]?.();
await engine.dispose();
