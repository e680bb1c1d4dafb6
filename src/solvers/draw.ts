import { type Denoiser, ddimStep, eulerStep, heunStep, karrasSigmas } from "../diffusion/index.ts";
import type { Engine, Program } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { normals } from "../random/index.ts";
import { input, type Tensor } from "../tensor/index.ts";

/** `ddim` takes an eta; `euler` is its eta = 0 and `ancestral` its eta = 1. */
export type Sampler = "euler" | "heun" | "ddim" | "ancestral";

export interface DrawOptions {
  readonly engine: Engine;
  readonly prior: { readonly denoise: Denoiser; readonly sigmaRange: readonly [number, number] };
  /** Of one picture. */
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly sampler?: Sampler;
  /** Noise levels above 0; 32 by default. Heun's method evaluates the network twice at each but the last. */
  readonly steps?: number;
  /** The levels themselves, falling, the last one 0; by default a Karras grid over the prior's range, from at most 80. */
  readonly sigmas?: ArrayLike<number>;
  /** Of `ddim`: 0 (deterministic) to 1 (ancestral). */
  readonly eta?: number;
  /** Limits of the denoised estimate in each step, for networks that go astray without. */
  readonly clip?: readonly [number, number];
  readonly seed?: number;
  /** How many pictures, and the number of the first one: a picture depends on seed and number alone. */
  readonly samples?: number;
  readonly firstSample?: number;
  /** Stops after the step under way; what is there so far is returned with `stopped: true`. */
  readonly signal?: AbortSignal | undefined;
  /** Stops after this many steps in all, as a signal would. */
  readonly stopAfter?: number | undefined;
  readonly onProgress?: (progress: DrawProgress) => void;
}

export interface DrawProgress {
  /** Of all pictures together. */
  readonly step: number;
  readonly steps: number;
  readonly sigma: number;
  readonly seconds: number;
  readonly secondsLeft: number;
}

export interface Draws {
  /** The pictures, flat: samples × channels × height × width. Nothing is clipped. */
  readonly pictures: Float32Array;
  readonly shape: readonly [samples: number, channels: number, height: number, width: number];
  /** Network evaluations, from the marks in the compiled graph. */
  readonly forwards: number;
  /** Steps done, of all pictures together. */
  readonly steps: number;
  readonly seconds: number;
  readonly stopped: boolean;
}

type Output = "next" | "estimate" | "heun";

/**
 * Draws pictures from a prior: x ~ N(0, sigma_max²), then one sampler step a noise level.
 * @throws invalid-option; aborted, when stopped before the first step was done
 */
export async function draw(options: DrawOptions): Promise<Draws> {
  const { engine, shape, samples = 1, firstSample = 0, seed = 0, signal, stopAfter } = options;
  const sigmas = levels(options);
  const stochastic = options.sampler === "ancestral" || (options.sampler === "ddim" && (options.eta ?? 0) > 0);
  const begin = performance.now();
  const graph = stepGraph(options);
  const program: Program<string, Output> = await engine.compile({ ...graph, signal });
  const compiled = performance.now();
  const n = shape[0] * shape[1] * shape[2];
  const steps = sigmas.length - 1;
  const pictures: Float32Array[] = [];
  let done = 0;
  let forwards = 0;
  const stopping = () => signal?.aborted || (stopAfter !== undefined && done >= stopAfter);
  try {
    for (let k = firstSample; k < firstSample + samples && !stopping(); k++) {
      let x: Float32Array = normals({ seed, sample: k, purpose: "start" }, n).map((z) => z * sigmas[0]);
      let estimate: Float32Array | undefined;
      for (let i = 0; i < steps && !stopping(); i++) {
        const move: Output = options.sampler === "heun" && sigmas[i + 1] > 0 ? "heun" : "next";
        const outputs: Output[] = [move, "estimate"];
        const noise = stochastic ? { noise: normals({ seed, sample: k, step: i, purpose: "step" }, n) } : {};
        const results = await program.run({ x, sigma: sigmas[i], next: sigmas[i + 1], ...noise }, { outputs });
        x = results[move];
        estimate = results.estimate;
        forwards += program.countsOf(outputs).forward ?? 0;
        done++;
        const now = performance.now();
        options.onProgress?.({
          step: done,
          steps: samples * steps,
          sigma: sigmas[i],
          seconds: (now - begin) / 1000,
          secondsLeft: ((now - compiled) / done / 1000) * (samples * steps - done),
        });
      }
      if (estimate) pictures.push(stopping() ? estimate : x);
    }
  } finally {
    await program.dispose();
  }
  if (pictures.length === 0) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
  const flat = new Float32Array(n * pictures.length);
  pictures.forEach((p, k) => {
    flat.set(p, k * n);
  });
  return {
    pictures: flat,
    shape: [pictures.length, ...shape],
    forwards,
    steps: done,
    seconds: (performance.now() - begin) / 1000,
    stopped: done < samples * steps,
  };
}

function stepGraph({ prior, shape, sampler = "heun", eta = 0, clip }: DrawOptions) {
  const x = input([1, ...shape]);
  const sigma = input([]);
  const next = input([]);
  const noise = input([1, ...shape]);
  const denoise: Denoiser = clip ? (u, s) => prior.denoise(u, s).clip(...clip) : prior.denoise;
  const estimate = denoise(x, sigma);
  const moves: Record<Sampler, () => Tensor> = {
    euler: () => eulerStep(x, estimate, sigma, next),
    heun: () => eulerStep(x, estimate, sigma, next), // where the second evaluation would be at sigma = 0
    ddim: () => (eta === 0 ? eulerStep(x, estimate, sigma, next) : ddimStep(x, estimate, sigma, next, noise, eta)),
    ancestral: () => ddimStep(x, estimate, sigma, next, noise, 1),
  };
  const outputs: Partial<Record<Output, Tensor>> = { next: moves[sampler](), estimate };
  if (sampler === "heun") outputs.heun = heunStep(denoise, x, estimate, sigma, next);
  return {
    inputs: { x, sigma, next, noise },
    outputs: outputs as Record<Output, Tensor>,
    optional: sampler === "heun" ? (["heun"] as Output[]) : [],
  };
}

function levels({
  prior,
  steps = 32,
  sigmas,
  eta = 0,
  clip,
  samples = 1,
  sampler = "heun",
}: DrawOptions): Float64Array {
  const fail = (what: string, expected: string, got: string) =>
    new TweedieError("invalid-option", { what, expected, got });
  if (!["euler", "heun", "ddim", "ancestral"].includes(sampler))
    throw fail("sampler", "euler, heun, ddim or ancestral", sampler);
  if (!(eta >= 0 && eta <= 1)) throw fail("eta", "a number from 0 to 1", String(eta));
  if (clip && !(clip[0] < clip[1])) throw fail("clip", "two rising numbers", clip.join(", "));
  if (!Number.isInteger(samples) || samples < 1) throw fail("samples", "a whole number ≥ 1", String(samples));
  if (!sigmas) {
    const [min, max] = prior.sigmaRange;
    return karrasSigmas({ steps, min, max: Math.max(min, Math.min(80, max)) });
  }
  const list = Float64Array.from(sigmas);
  if (list.length < 2 || list[list.length - 1] !== 0 || !list.every((s, i) => i === 0 || s < list[i - 1]))
    throw fail("sigmas", "two or more falling noise levels that end with 0", [...list].join(", "));
  return list;
}
