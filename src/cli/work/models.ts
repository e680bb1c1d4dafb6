import { stat } from "node:fs/promises";
import { alignColumns } from "../../bench/columns.ts";
import { TweedieError } from "../../errors.ts";
import { createEngine } from "../../node/engine.ts";
import { listPriors, loadPrior } from "../../node/models.ts";
import type { Card, Prior } from "../../priors/index.ts";
import { normals } from "../../random/index.ts";
import { input } from "../../tensor/index.ts";
import type { Described } from "../print.ts";
import { digits } from "../progress.ts";
import { plural } from "../report.ts";

/** `models list`: the embedded models, a line each. */
export async function listModels(): Promise<Described> {
  const priors = await listPriors();
  return {
    data: priors.map(({ name, card }) => ({ name, description: card.description, licence: card.licence })),
    text: alignColumns(priors.map(({ name, card }) => [name, card.description])).join("\n"),
  };
}

/** `models show`: the card of a model. */
export async function showModel(name: string): Promise<Described> {
  const { card, hash } = await loadPrior(name);
  const listed = (await listPriors()).find((prior) => prior.name === name);
  return { data: { ...card, sha256: hash }, text: describeCard(card, hash, listed?.file) };
}

function describeCard(card: Card, hash: string, file: string | undefined): string {
  const { image, weights, architecture, autoencoder } = card;
  const lines: [string, string | undefined][] = [
    ["name", card.name],
    ["about", card.description],
    ["licence", card.licence],
    ["pictures", `${plural(image.channels, "channel")}, ${image.size ? image.size.join("x") : "any size"}`],
    ["network", architecture.type],
    ["parameters", weights?.parameters?.toLocaleString("en")],
    ["autoencoder", autoencoder && describeAutoencoder(autoencoder)],
    ["sha256", hash],
    ["trained on", card.data?.map(({ name }) => name).join("; ")],
    ["measured", card.measured && JSON.stringify(card.measured)],
    ["card", file],
  ];
  return alignColumns(lines.flatMap(([label, text]) => (text === undefined ? [] : [[label, text]]))).join("\n");
}

function describeAutoencoder({ architecture, weights, measured }: NonNullable<Card["autoencoder"]>): string {
  const parts = [architecture.type, plural(architecture.latents, "latent channel")];
  if ("factor" in architecture) parts.push(`1/${architecture.factor} of the size`);
  if (weights.parameters) parts.push(plural(weights.parameters, "parameter"));
  if (measured) parts.push(`measured ${JSON.stringify(measured)}`);
  return parts.join(", ");
}

/** One level of the check: what was put in, and what came out. */
interface CheckedLevel {
  readonly sigma: number;
  /** Root mean square error of D(x, sigma) against the clean picture; sigma itself would be no denoising at all. */
  readonly error: number;
}

const CHECK_LEVELS = [0.1, 0.5, 2];

/**
 * `models check`: loads a model and denoises a smooth test picture at several noise levels.
 * @throws TweedieError `invalid-model` when the result is not finite or no better than its input
 */
export async function checkModel(name: string, threads?: number): Promise<Described> {
  const prior = await loadPrior(name);
  const levels = await denoiseTestPicture(prior, threads);
  for (const { sigma, error } of levels) {
    if (error < sigma) continue;
    const expected = `an error below the noise ${sigma} that was added`;
    throw new TweedieError("invalid-model", { what: `model ${name}`, expected, got: digits(error) });
  }
  const text = levels.map(({ sigma, error }) => `  noise ${digits(sigma)}: error ${digits(error)} after denoising`);
  return {
    data: { name: prior.name, sha256: prior.hash, levels },
    text: [`${prior.name}: loads and denoises (sha256 ${prior.hash})`, ...text].join("\n"),
  };
}

async function denoiseTestPicture(prior: Prior, threads: number | undefined): Promise<CheckedLevel[]> {
  const [height, width] = prior.fixedSize ?? [64, 64];
  // Latent models are checked on a latent of about unit size.
  const channels = prior.latent?.latents ?? prior.channels;
  const shape = [1, channels, height, width];
  const n = channels * height * width;
  const clean = Float32Array.from({ length: n }, (_, i) => {
    const [x, y] = [(i % width) / width, (Math.floor(i / width) % height) / height];
    return 0.5 * Math.sin(3 * x + 2 * y) + 0.2 * y;
  });
  const engine = await createEngine({ threads });
  try {
    const [x, sigma] = [input(shape), input([])];
    const program = await engine.compile({ inputs: { x, sigma }, outputs: { d: prior.denoise(x, sigma) } });
    const levels: CheckedLevel[] = [];
    for (const [step, level] of CHECK_LEVELS.entries()) {
      const noise = normals({ seed: 0, step, purpose: "check" }, n);
      const noisy = clean.map((v, i) => v + level * noise[i]);
      const { d } = await program.run({ x: noisy, sigma: level });
      const square = d.reduce((sum, v, i) => sum + (v - clean[i]) ** 2, 0) / n;
      levels.push({ sigma: level, error: Math.sqrt(square) });
    }
    return levels;
  } finally {
    await engine.dispose();
  }
}

/** The path of a model that is a file of the user's; undefined for the embedded ones. */
export async function modelFile(model: string): Promise<string | undefined> {
  if ((await listPriors()).some(({ name }) => name === model)) return undefined;
  return (await stat(model).catch(() => undefined)) ? model : undefined;
}
