import { createEngine, type Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import type { LatentSolution } from "../latent/index.ts";
import type { NoiseModel, PictureSize } from "../operators/index.ts";
import type { Image } from "../pictures/index.ts";
import { type Seam, seamOf } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import {
  type Counts,
  noCounts,
  type Preset,
  type Problem,
  parseOptions,
  presetFor,
  type Solution,
  sumCounts,
} from "../solvers/index.ts";
import type { Job } from "./job.ts";
import { jobFor } from "./job-for.ts";
import type { NoiseLevel } from "./noise.ts";
import type { Planes } from "./planes.ts";
import { Pace, type RestoreProgress } from "./progress.ts";
import { SolverCache } from "./solver-cache.ts";
import { parseTask, type Task, type TaskInput } from "./task.ts";
import { Mosaic, type Tile, tileWeights } from "./tiles.ts";

/** Side of the tiles of large pictures, in pixels of the result. */
export const TILE_SIZE = 512;
/** Where memory is short, tiles become smaller down to this. */
const SMALLEST_TILE = 128;

export interface RestoreRequest {
  /** The damaged picture … */
  readonly image?: Image | undefined;
  /** … or the numbers of a measurement, as its operator gives them: unclipped, and of any shape. */
  readonly measurement?: Planes | undefined;
  /** Size of the result, for measurements that do not tell it (compressed sensing). */
  readonly size?: PictureSize | undefined;
  /** What is wrong with it. */
  readonly task: TaskInput;
  readonly prior: Prior;
  /**
   * Standard deviation of its noise on the 0..1 scale, or what kind of noise it is: Poisson noise is taken for Gaussian
   * noise of the same strength; salt and pepper is found and filled in. By default estimated from the picture; 0 for a
   * measurement that is no picture.
   */
  readonly noise?: number | NoiseModel | undefined;
  /**
   * Inpainting: known pixels come out as they came, noise and all, instead of denoised with the rest. Without noise they do
   * anyway.
   */
  readonly keepKnown?: boolean | undefined;
  /** Name of a solver; by default the preset's choice for the task. */
  readonly solver?: string;
  readonly preset?: Preset;
  /** Options of the solver, over those of the preset. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The same seed gives the same picture. */
  readonly seed?: number;
  /** How many results to draw. */
  readonly samples?: number;
  /** Started, and ended, for this call alone by default. */
  readonly engine?: Engine;
  /** Stops after the step under way; what there is by then is returned with `stopped: true`. */
  readonly signal?: AbortSignal;
  /** Stops after this many steps in all, as a signal would. */
  readonly stopAfter?: number;
  /** Larger pictures are restored in overlapping tiles of this side, in pixels. */
  readonly tileSize?: number;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

export interface Restoration {
  /** The results, one for each sample (fewer when it was stopped). */
  readonly images: readonly Image[];
  /** How many of them are finished: all, unless the last one was stopped half-way. */
  readonly finished: number;
  readonly task: Task;
  readonly noise: NoiseLevel;
  readonly solver: string;
  /** Does the solver draw from the posterior (true), or seek one picture? */
  readonly sampler: boolean;
  readonly preset: Preset;
  /** Every option of the solver, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** How often the network ran, all samples and tiles together. */
  readonly counts: Counts;
  readonly steps: number;
  /** ‖y − A(x)‖₂ of the first result on the [-1, 1] scale, and what noise alone would leave. */
  readonly residual: number;
  readonly expectedResidual: number;
  /**
   * Latent priors: PSNR in dB of the autoencoder's round trip on the first guess, averaged over tiles. About the ceiling of what a
   * latent solver can reach.
   */
  readonly roundTrip?: number;
  /** Latent priors: what that round trip adds to each channel in the mean, 0..1 scale. */
  readonly encoderBias?: readonly number[];
  /** What whoever uses this solver with this prior should know. */
  readonly remarks: readonly string[];
  readonly tiles: number;
  readonly tileSize: number;
  /** Number of missing pixels, of an inpainting. */
  readonly missing?: number;
  /** Did all known pixels of an inpainting come out as they came? */
  readonly keptKnown: boolean;
  /** The border of what was filled in, in the first result. */
  readonly seam?: Seam | undefined;
  readonly threads: number;
  readonly seconds: number;
  /** The part of `seconds` that compiling took. */
  readonly compileSeconds: number;
  readonly stopped: boolean;
}

/**
 * Restores a damaged picture of any size: grey or colour, 8 or 16 bits, with or without transparency.
 *
 * Pictures above about 1.5 tiles are divided into overlapping tiles (smaller ones where memory is short); filling a hole
 * touches its neighbourhood alone, and without noise every known pixel stays exactly as it was.
 * @throws TweedieError `invalid-option`, `size-mismatch`, `invalid-operator`, `invalid-model`, `out-of-memory`,
 *   `numerical-failure`; `aborted` when it was stopped before there was any picture
 */
export async function restore(request: RestoreRequest): Promise<Restoration> {
  for (let tileSize = request.tileSize ?? TILE_SIZE; ; tileSize = Math.floor(tileSize / 2)) {
    try {
      return await restoreInTiles(request, tileSize);
    } catch (error) {
      // The engine says so before it begins, so that little is lost by asking for less.
      const tooLarge = error instanceof TweedieError && error.code === "out-of-memory";
      if (!tooLarge || tileSize / 2 < SMALLEST_TILE) throw error;
    }
  }
}

async function restoreInTiles(request: RestoreRequest, tileSize: number): Promise<Restoration> {
  const { seed = 0, samples = 1, preset = "balanced", signal, prior } = request;
  checkCount("samples", samples);
  checkCount("tile size", tileSize);
  const begin = performance.now();
  const task = parseTask(request.task);
  const job = jobFor(request, task, seed, tileSize);
  const chosen = presetFor(job.operatorName, preset, job.sigmaY, request.solver, {
    linear: job.linear,
    latent: prior.latent !== undefined,
  });
  const options = parseOptions(chosen.solver, { ...chosen.options, ...request.options }) as Record<string, unknown>;

  const engine = request.engine ?? (await createEngine({}));
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  if (signal?.aborted) stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const totals = new Totals();
  const images: Image[] = [];
  let finished = 0;
  const problems = new Map<Tile, Required<Pick<Problem, "operator" | "measurement" | "start">>>();
  const problemOf = (tile: Tile) => {
    const known = problems.get(tile);
    if (known) return known;
    const { operator, measurement, firstGuess } = job.problem(tile);
    // A solver for A = I begins with the measurement.
    const problem = { operator, measurement, start: chosen.solver.needs.identity ? measurement : firstGuess() };
    if (samples > 1) problems.set(tile, problem);
    return problem;
  };
  const cache = new SolverCache({ solver: chosen.solver, options, engine, signal: stop.signal });
  try {
    const run = async (sample: number, tile: Tile, index: number, pace: Pace): Promise<Solution> => {
      const { operator, measurement, start } = problemOf(tile);
      const { prepared, compileSeconds } = await cache.get({ operator, sigmaY: job.sigmaY, prior });
      const solution = await prepared.run(
        { measurement, start },
        {
          seed: tileSeed(seed, index),
          firstSample: sample,
          signal: stop.signal,
          onProgress: (p) => {
            const part = sample * job.tiles.length + index;
            const fraction = (part + p.step / p.steps) / (samples * job.tiles.length);
            const place = { sample: sample + 1, samples, tile: index + 1, tiles: job.tiles.length };
            request.onProgress?.({
              ...place,
              step: p.step,
              steps: p.steps,
              sigma: p.sigma,
              residual: p.residual / job.normScale,
              expectedResidual: p.expectedResidual / job.normScale,
              fraction,
              ...pace.at(fraction),
            });
            if (totals.steps + p.step === request.stopAfter) stop.abort();
          },
        },
      );
      return { ...solution, seconds: solution.seconds + compileSeconds, compileSeconds };
    };
    const pace = new Pace();
    for (let sample = 0; sample < samples && !(sample > 0 && stop.signal.aborted); sample++) {
      const planes = await drawSample(
        job,
        (tile, index) => run(sample, tile, index, pace),
        stop.signal,
        totals,
        sample,
      );
      if (planes === undefined) break;
      images.push(job.finish(planes));
      if (!totals.stopped) finished++;
    }
  } finally {
    await cache.dispose();
    signal?.removeEventListener("abort", onAbort);
    if (!request.engine) await engine.dispose();
  }
  if (images.length === 0) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
  return {
    images,
    finished,
    task,
    noise: job.noise,
    solver: chosen.solver.name,
    sampler: chosen.solver.sampler,
    preset,
    options,
    seed,
    counts: totals.counts,
    steps: totals.steps,
    residual: job.exact ? 0 : Math.sqrt(totals.residual) / job.normScale,
    expectedResidual: Math.sqrt(totals.expected) / job.normScale,
    ...totals.autoencoder(),
    remarks: [chosen.solver.remark?.(prior)].filter((remark) => remark !== undefined),
    tiles: job.tiles.length,
    tileSize: job.tileSize,
    missing: job.mask?.missing,
    keptKnown: job.exact,
    seam: job.mask && seamOf(images[0], job.mask),
    threads: engine.threads,
    seconds: (performance.now() - begin) / 1000,
    compileSeconds: totals.compileSeconds,
    stopped: totals.stopped || images.length < samples,
  };
}

/** What all runs of a restoration add up to. */
class Totals {
  counts = noCounts;
  steps = 0;
  compileSeconds = 0;
  /** Squares, of the first sample. */
  residual = 0;
  expected = 0;
  stopped = false;
  readonly latents: LatentSolution[] = [];

  add(solution: Solution, sample: number): void {
    this.counts = sumCounts([this.counts, solution.counts]);
    this.steps += solution.steps;
    this.compileSeconds += solution.compileSeconds;
    this.stopped ||= solution.stopped;
    if ("roundTrip" in solution) this.latents.push(solution as LatentSolution);
    if (sample > 0) return;
    this.residual += solution.residuals[0] ** 2;
    this.expected += solution.expectedResidual ** 2;
  }

  autoencoder(): Pick<Restoration, "roundTrip" | "encoderBias"> {
    const [first] = this.latents;
    if (!first) return {};
    return {
      roundTrip: mean(this.latents.map(({ roundTrip }) => roundTrip)),
      encoderBias: first.encoderBias.map((_, c) => mean(this.latents.map(({ encoderBias }) => encoderBias[c]))),
    };
  }
}

/** One result, tile by tile; when it is stopped the rest is the first guess. Undefined when nothing was done. */
async function drawSample(
  job: Job,
  run: (tile: Tile, index: number) => Promise<Solution>,
  signal: AbortSignal,
  totals: Totals,
  sample: number,
): Promise<Float32Array | undefined> {
  const mosaic = new Mosaic(job.width, job.height, job.channels);
  let done = 0;
  for (const [index, tile] of job.tiles.entries()) {
    const weights = tileWeights(tile, job, job.blend);
    const solution = await run(tile, index).catch((error: unknown) => {
      // Stopped while the program of this tile was being compiled: what earlier tiles gave still counts.
      if (error instanceof TweedieError && error.code === "aborted" && signal.aborted) return undefined;
      throw error;
    });
    if (solution === undefined && done === 0) return undefined;
    if (solution === undefined || (signal.aborted && index + 1 < job.tiles.length)) totals.stopped = true;
    if (solution) {
      totals.add(solution, sample);
      mosaic.add(tile, solution.pictures, weights);
      done++;
    }
    if (!totals.stopped) continue;
    for (const rest of job.tiles.slice(solution ? index + 1 : index))
      mosaic.add(rest, job.problem(rest).firstGuess(), tileWeights(rest, job, job.blend));
    break;
  }
  return mosaic.blend(job.background());
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Each tile has noise of its own: the seed's upper half, which small seeds leave free, tells them apart. */
function tileSeed(seed: number, tile: number): number {
  return (seed + tile * 2 ** 32) % Number.MAX_SAFE_INTEGER;
}

function checkCount(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new TweedieError("invalid-option", { what, expected: "a whole number from 1 on", got: String(value) });
}
