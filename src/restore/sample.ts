import * as z from "zod";
import { karrasSigmas } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { decodeLatents, latentShape } from "../latent/index.ts";
import { createImage, type Image } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import { parse } from "../schema.ts";
import { draw } from "../solvers/draw.ts";
import { type Counts, noCounts } from "../solvers/index.ts";
import { SMALLEST } from "./plan.ts";
import { Pace, type RestoreProgress } from "./progress.ts";
import type { RunRequest } from "./request.ts";

const optionsSchema = z.strictObject({
  /** Number of noise levels. */
  steps: z.int().min(1).default(50),
  /** `heun`: second order, two network calls a step (Karras et al., arXiv 2206.00364); `ddim`: one. */
  method: z.enum(["heun", "ddim"]).default("heun"),
  /** Fresh noise of `ddim`: 0 none, 1 as much as the ancestral sampler. */
  eta: z.number().min(0).max(1).default(0),
  /** Highest and lowest level, kept within what the prior knows. */
  sigmaMax: z.number().positive().default(80),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
});

export interface SampleRequest extends RunRequest {
  /** Size in pixels; by default the prior's own, or 256. */
  readonly width?: number;
  readonly height?: number;
  /** steps, method, eta, sigmaMax, sigmaMin, rho. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

export interface Sampling {
  readonly images: readonly Image[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly counts: Counts;
  readonly steps: number;
  readonly threads: number;
  readonly seconds: number;
  readonly stopped: boolean;
}

/**
 * Draws pictures from a prior alone, to see what it knows.
 * @throws TweedieError `invalid-option`, `size-mismatch`, `aborted` when stopped before there was any picture
 */
export async function sample(request: SampleRequest): Promise<Sampling> {
  const { prior, seed = 0, samples = 1, signal } = request;
  const width = request.width ?? prior.fixedSize?.[1] ?? 256;
  const height = request.height ?? prior.fixedSize?.[0] ?? 256;
  const channels = pictureChannels(prior);
  const domain = [1, channels, height, width];
  const [, ...shape] = prior.latent ? latentShape(prior.latent, domain) : domain;
  checkSize(width, height);
  const begin = performance.now();
  const options = parse(optionsSchema, request.options ?? {}, "sample");
  const [lowest, highest] = prior.sigmaRange;
  const max = Math.min(options.sigmaMax, highest);
  const min = Math.min(Math.max(options.sigmaMin, lowest), max);
  const { engine } = request;
  const pace = new Pace();
  const drawn = await draw({
    engine,
    prior,
    shape: shape as [number, number, number],
    sampler: options.method,
    eta: options.method === "ddim" ? options.eta : 0,
    sigmas: karrasSigmas({ steps: options.steps, min, max, rho: options.rho }),
    seed,
    samples,
    signal,
    stopAfter: request.stopAfter,
    onProgress: ({ step, steps: all, sigma }) => {
      const steps = all / samples;
      const place = { samples, tile: 1, tiles: 1, steps, sigma, fraction: step / all };
      const [done, within] = [Math.floor((step - 1) / steps), ((step - 1) % steps) + 1];
      request.onProgress?.({ ...place, sample: done + 1, step: within, ...pace.at(step / all) });
    },
  });
  const pictures = prior.latent ? await decodeLatents(prior.latent, drawn.pictures, domain, engine) : drawn.pictures;
  const n = channels * height * width;
  const picture = (_: unknown, k: number) =>
    createImage(
      width,
      height,
      channels,
      pictures.slice(k * n, (k + 1) * n).map((v) => Math.min(1, Math.max(0, (v + 1) / 2))),
    );
  return {
    images: Array.from({ length: drawn.shape[0] }, picture),
    options: { ...options },
    seed,
    counts: { ...noCounts, forwards: drawn.forwards },
    steps: drawn.steps,
    threads: engine.threads,
    seconds: (performance.now() - begin) / 1000,
    stopped: drawn.stopped,
  };
}

function pictureChannels({ name, channels }: Prior): 1 | 3 {
  if (channels === 1 || channels === 3) return channels;
  const got = `${name}, which has ${channels} channels`;
  throw new TweedieError("invalid-model", { what: "model", expected: "a prior for pictures", got });
}

function checkSize(width: number, height: number): void {
  if (Math.min(width, height) >= SMALLEST) return;
  const expected = `at least ${SMALLEST}x${SMALLEST} pixels`;
  throw new TweedieError("size-mismatch", { what: "size", expected, got: `${width}x${height}` });
}
