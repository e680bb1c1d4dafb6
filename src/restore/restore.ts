import { TweedieError } from "../errors.ts";
import { type Image, type Seam, seamOf } from "../pictures/index.ts";
import { type Choice, type Preset, settingsFor } from "../settings/index.ts";
import { type Counts, parseOptions, type SolverOptions } from "../solvers/index.ts";
import { finish } from "./finish.ts";
import { withMeasuredEntries } from "./kspace.ts";
import type { NoiseLevel } from "./noise.ts";
import { type Plan, planRestoration } from "./plan.ts";
import { toPlanes } from "./planes.ts";
import type { RestoreProgress } from "./progress.ts";
import { measurementFromRange } from "./range.ts";
import type { RestoreCall, RestoreRequest, SolverName } from "./request.ts";
import { type RunResult, runPlan } from "./run.ts";
import type { RestoreSnapshot } from "./snapshot.ts";
import { parseTask, type Task } from "./task.ts";

/** Side of the tiles of large images, in pixels of the result. */
export const TILE_SIZE = 512;
/** Where memory is short, tiles become smaller down to this. */
const SMALLEST_TILE = 128;

/** One step of a restoration that is done. What it offers on demand has to be asked for before the next step. */
export interface RestoreStep {
  readonly progress: RestoreProgress;
  /** The image as it stands: finished tiles, the one under way, and what came where no tile has been. */
  preview(): Promise<Image>;
  /** Enough to go on from here, in another process too. */
  snapshot(): Promise<RestoreSnapshot>;
}

export interface Restoration {
  /** The results, one for each sample (fewer when it was stopped). */
  readonly images: readonly Image[];
  /** How many of them are finished: all, unless the last one was stopped half-way. */
  readonly finished: number;
  readonly noise: NoiseLevel;
  /** The border of what was filled in, in the first result. */
  readonly seam?: Seam | undefined;
  /** Number of missing pixels, of an inpainting. */
  readonly missing?: number | undefined;
  /** Did all known pixels of an inpainting come out as they came? */
  readonly keptKnown: boolean;
  /** Warnings of one sentence each: about the input, and about using this solver with this prior. */
  readonly remarks: readonly string[];
  readonly run: RunRecord;
}

/** How a restoration was made. */
export interface RunRecord {
  readonly task: Task;
  readonly solver: string;
  /** Does the solver draw from the posterior (true), or seek one image? */
  readonly sampler: boolean;
  readonly preset: Preset;
  /** Where the options come from: tuned on a family of priors, or published. */
  readonly settings: string;
  /** Every option of the solver, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** How often the network ran, all samples and tiles together. */
  readonly counts: Counts;
  readonly steps: number;
  /** ‖y − A(x)‖₂ of the first result on the [-1, 1] scale, and what noise alone would leave. */
  readonly residual: number;
  readonly expectedResidual: number;
  /** Latent priors: what the autoencoder's round trip does to the initial estimate, averaged over tiles. */
  readonly roundTrip?: { readonly psnr: number; readonly bias: readonly number[] } | undefined;
  readonly tiles: number;
  readonly tileSize: number;
  readonly threads: number;
  readonly seconds: number;
  /** The part of `seconds` that compiling took. */
  readonly compileSeconds: number;
  readonly stopped: boolean;
}

/**
 * Restores a damaged image of any size: grey or colour, 8 or 16 bits, with or without transparency.
 *
 * Images above about 1.5 tiles are divided into overlapping tiles (smaller ones where memory is short); filling a hole touches
 * its neighbourhood alone, and without noise every known pixel stays exactly as it was.
 * @throws {TweedieError} invalid-option, size-mismatch, invalid-operator, invalid-model: the request does not fit together;
 *   out-of-memory; numerical-failure: the solver left the finite numbers; aborted: stopped before there was any image
 */
export async function restore<S extends SolverName = keyof SolverOptions>(
  request: RestoreCall<S>,
): Promise<Restoration> {
  const steps = restoreSteps(request);
  for (;;) {
    const next = await steps.next();
    if (next.done) return next.value;
    request.onProgress?.(next.value.progress);
  }
}

/**
 * {@link restore}, step by step: the caller decides what to show, what to keep, and when to leave.
 * @param from goes on from there, to the same bytes
 * @throws {TweedieError} as {@link restore}; invalid-option: the snapshot is of another request
 */
export async function* restoreSteps<S extends SolverName = keyof SolverOptions>(
  request: RestoreRequest<S>,
  from?: RestoreSnapshot,
): AsyncGenerator<RestoreStep, Restoration> {
  const inRange = await inModelRange(request as RestoreRequest<SolverName>);
  let begun = from !== undefined;
  for (let tileSize = from?.tileSize ?? request.tileSize ?? TILE_SIZE; ; tileSize = Math.floor(tileSize / 2)) {
    try {
      const steps = restoreInTiles(inRange, tileSize, from);
      for (;;) {
        const next = await steps.next();
        if (next.done) return next.value;
        begun = true;
        yield next.value;
      }
    } catch (error) {
      // The engine says so before it begins, so that nothing is lost by asking for less.
      const tooLarge = error instanceof TweedieError && error.code === "out-of-memory";
      if (!tooLarge || begun || tileSize / 2 < SMALLEST_TILE) throw error;
    }
  }
}

/** The request with its measurement as that of a picture in [-1, 1]. */
async function inModelRange(request: RestoreRequest<SolverName>): Promise<RestoreRequest<SolverName>> {
  const { measurement, range, size, engine, signal } = request;
  if (!measurement || request.image) return request;
  const task = withMeasuredEntries(request.task, measurement);
  if (!range) return { ...request, task };
  const about = { task: parseTask(task), size, engine, signal };
  return { ...request, task, measurement: await measurementFromRange(toPlanes(measurement), range, about) };
}

async function* restoreInTiles(
  request: RestoreRequest<SolverName>,
  tileSize: number,
  from: RestoreSnapshot | undefined,
): AsyncGenerator<RestoreStep, Restoration> {
  checkCount("samples", request.samples ?? 1);
  checkCount("tile size", tileSize);
  const begin = performance.now();
  const plan = planRestoration(request, tileSize);
  const choice = settingsFor({ ...plan, ...request, operator: plan.operator });
  const options = parseOptions(choice.solver, { ...choice.options, ...request.options }) as Record<string, unknown>;
  const result = yield* runPlan(plan, { ...request, solver: choice.solver, options, tileSize }, from);
  const images = result.samples.map((planes) => finish(plan, planes));
  return describe(request, plan, { ...choice, options }, result, images, (performance.now() - begin) / 1000);
}

function describe(
  { prior, engine, preset = "balanced", seed = 0, samples = 1 }: RestoreRequest<SolverName>,
  plan: Plan,
  { solver, options, source }: Choice,
  { totals, finished, stopped }: RunResult,
  images: readonly Image[],
  seconds: number,
): Restoration {
  const { mask, kept, how, task, tiles, blend } = plan;
  const keptKnown = mask !== undefined && kept !== undefined;
  const interrupted = stopped || images.length < samples;
  const normScale = how === "repeated" ? 3 : 1;
  return {
    images,
    finished,
    noise: plan.noise,
    seam: mask && seamOf(images[0], mask),
    missing: mask?.missing,
    keptKnown,
    remarks: [
      ...plan.remarks,
      solver.remark?.(prior),
      keptKnown || interrupted || prior.latent ? undefined : misfit(plan.y, totals),
    ].filter((remark) => remark !== undefined),
    run: {
      task,
      solver: solver.name,
      sampler: solver.sampler,
      preset,
      settings: source,
      options,
      seed,
      counts: totals.counts,
      steps: totals.steps,
      residual: keptKnown ? 0 : Math.sqrt(totals.residual) / normScale,
      expectedResidual: Math.sqrt(totals.expected) / normScale,
      roundTrip: averageTrip(totals.roundTrips),
      tiles: tiles.length,
      tileSize: blend.size,
      threads: engine.threads,
      seconds,
      compileSeconds: totals.compileSeconds,
      stopped: interrupted,
    },
  };
}

/** A residual above three times what noise leaves, by more than this part of what the data vary by, is a warning. */
const MISFIT = 0.1;

function misfit(y: Float32Array, { residual, expected }: RunResult["totals"]): string | undefined {
  const mean = y.reduce((sum, v) => sum + v, 0) / y.length;
  const spread = Math.sqrt(y.reduce((sum, v) => sum + (v - mean) ** 2, 0) / y.length);
  const [left, noise] = [residual, expected].map((squares) => Math.sqrt(squares / y.length));
  if (left <= 3 * noise + MISFIT * spread) return undefined;
  const share = `${((100 * left) / spread).toFixed(0)}% of what the data vary by`;
  return `the result does not explain the measurement: ${share} is left. The kernel, mask, range or noise may be wrong`;
}

function averageTrip(trips: RunResult["totals"]["roundTrips"]): RunRecord["roundTrip"] {
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  if (trips.length === 0) return undefined;
  return {
    psnr: mean(trips.map(({ psnr }) => psnr)),
    bias: trips[0].bias.map((_, c) => mean(trips.map(({ bias }) => bias[c]))),
  };
}

function checkCount(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new TweedieError("invalid-option", { what, expected: "a whole number from 1 on", got: String(value) });
}
