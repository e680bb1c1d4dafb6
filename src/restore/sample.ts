import { z } from "zod";
import { ddimStep, heunStep, karrasSigmas } from "../diffusion/index.ts";
import { createEngine, type Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { createImage, type Image } from "../images/index.ts";
import { createOperator } from "../operators/index.ts";
import type { Prior } from "../priors/index.ts";
import { type Counts, type Formula, parseOptions, type Solver, solve } from "../solvers/index.ts";
import { SMALLEST } from "./job.ts";
import { Pace, type RestoreProgress } from "./progress.ts";

const options = z.strictObject({
  /** Number of noise levels. */
  steps: z.int().min(1).default(50),
  /** `heun`: second order, two network calls a step (Karras et al. 2022); `ddim`: one. */
  method: z.enum(["heun", "ddim"]).default("heun"),
  /** Fresh noise of `ddim`: 0 none, 1 as much as the ancestral sampler. */
  eta: z.number().min(0).max(1).default(0),
  sigmaMax: z.number().positive().default(80),
  sigmaMin: z.number().positive().default(0.01),
  rho: z.number().positive().default(7),
});

/** Draws from the prior alone; the measurement is left out of all formulas. */
const sampler: Solver<z.output<typeof options>> = {
  name: "sample",
  reference: "Elucidating the Design Space of Diffusion-Based Generative Models, Karras et al., arXiv 2206.00364",
  needs: { vjp: false, linear: false },
  sampler: true,
  options,
  schedule({ steps, method, sigmaMin, sigmaMax, rho }) {
    const sigmas = [...karrasSigmas({ steps, min: Math.min(sigmaMin, sigmaMax), max: sigmaMax, rho })];
    return sigmas.slice(0, -1).map((sigma, i) => ({
      kind: method === "heun" && sigmas[i + 1] > 0 ? "heun" : "ddim",
      sigma,
      scalars: { sigma, next: sigmas[i + 1] },
    }));
  },
  init: ({ noise }, { sigmaMax }) => ({ x: noise("start").mul(sigmaMax) }),
  steps({ eta, method }) {
    const ddim: Formula = ({ x }, { denoise, scalar, noise }) => {
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const x0 = denoise(x, sigma);
      return { next: { x: ddimStep(x, x0, sigma, next, noise("z"), method === "ddim" ? eta : 0) }, estimate: x0 };
    };
    const heun: Formula = ({ x }, { denoise, scalar }) => {
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const x0 = denoise(x, sigma);
      return { next: { x: heunStep(denoise, x, x0, sigma, next) }, estimate: x0 };
    };
    const formulas: Record<string, Formula> = method === "ddim" ? { ddim } : { heun, ddim };
    return formulas;
  },
};

export interface SampleRequest {
  readonly prior: Prior;
  /** Size in pixels; by default the prior's own, or 256. */
  readonly width?: number;
  readonly height?: number;
  /** steps, method, eta, sigmaMax, sigmaMin, rho. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly seed?: number;
  readonly samples?: number;
  readonly engine?: Engine;
  readonly signal?: AbortSignal;
  readonly stopAfter?: number;
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
  const { channels } = prior;
  if (channels !== 1 && channels !== 3) {
    const got = `${prior.name}, which has ${channels} channels`;
    throw new TweedieError("invalid-model", { what: "model", expected: "a prior for pictures", got });
  }
  if (!(Math.min(width, height) >= SMALLEST)) {
    const expected = `at least ${SMALLEST}x${SMALLEST} pixels`;
    throw new TweedieError("size-mismatch", { what: "size", expected, got: `${width}x${height}` });
  }
  const begin = performance.now();
  const settings = parseOptions(sampler, request.options ?? {});
  const operator = createOperator({ name: "denoise" }, { domain: [1, channels, height, width] });
  const blank = new Float32Array(channels * height * width);
  const engine = request.engine ?? (await createEngine({}));
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  if (signal?.aborted) stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const images: Image[] = [];
  const counts = { forwards: 0, vjps: 0 };
  let steps = 0;
  let stopped = false;
  const pace = new Pace();
  try {
    for (let k = 0; k < samples && !(k > 0 && stop.signal.aborted); k++) {
      const before = steps;
      const solution = await solve(
        { operator, measurement: blank, start: blank, sigmaY: 1, prior },
        {
          solver: sampler,
          options: { ...settings },
          engine,
          seed,
          firstSample: k,
          signal: stop.signal,
          onProgress: ({ step, steps: all, sigma }) => {
            const fraction = (k + step / all) / samples;
            const place = { sample: k + 1, samples, tile: 1, tiles: 1, step, steps: all, sigma, fraction };
            request.onProgress?.({ ...place, ...pace.at(fraction) });
            if (before + step === request.stopAfter) stop.abort();
          },
        },
      ).catch((error: unknown) => {
        if (k > 0 && error instanceof TweedieError && error.code === "aborted") return undefined;
        throw error;
      });
      if (!solution) break;
      steps += solution.steps;
      counts.forwards += solution.counts.forwards;
      counts.vjps += solution.counts.vjps;
      stopped ||= solution.stopped;
      const data = solution.pictures.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
      images.push(createImage(width, height, channels, data));
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (!request.engine) await engine.dispose();
  }
  return {
    images,
    options: { ...settings },
    seed,
    counts,
    steps,
    threads: engine.threads,
    seconds: (performance.now() - begin) / 1000,
    stopped: stopped || images.length < samples,
  };
}
