import { TweedieError } from "../errors.ts";
import { fnv1a } from "../random/stream.ts";
import {
  checkCompatible,
  noCounts,
  type PreparedSolver,
  prepareSolver,
  type Solver,
  type SolverStep,
  startOf,
  sumCounts,
} from "../solvers/index.ts";
import { finish } from "./finish.ts";
import { problemOf, type TileProblem } from "./measure.ts";
import type { Plan } from "./plan.ts";
import { Pace } from "./progress.ts";
import type { RunRequest } from "./request.ts";
import type { RestoreStep } from "./restore.ts";
import type { RestoreSnapshot, TotalsData } from "./snapshot.ts";
import { Mosaic, type Tile, tileWeights } from "./tiles.ts";

export interface PlanRun extends RunRequest {
  readonly solver: Solver;
  /** Every option of the solver. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The side of tiles that the plan was made for. */
  readonly tileSize: number;
}

export interface RunResult {
  /** [-1, 1] in the prior's channels. */
  readonly samples: readonly Float32Array[];
  /** How many of them are finished. */
  readonly finished: number;
  readonly stopped: boolean;
  readonly totals: TotalsData;
}

/**
 * Solves a plan tile by tile and sample by sample.
 * @param from goes on from there, to the same bytes
 * @throws {TweedieError} aborted: stopped before the first step was done; invalid-option: `from` is of another request; like
 *   `prepareSolver`
 */
export async function* runPlan(
  plan: Plan,
  request: PlanRun,
  from?: RestoreSnapshot,
): AsyncGenerator<RestoreStep, RunResult> {
  const run = new Run(plan, request, from);
  const { samples = 1 } = request;
  let finished = from?.finished.length ?? 0;
  try {
    for (let sample = finished; sample < samples && !(sample > 0 && run.stopping()); sample++) {
      const planes = yield* run.drawSample(sample);
      if (!planes) break;
      run.drawn.push(planes);
      if (!run.stopped) finished++;
    }
  } finally {
    await run.dispose();
  }
  if (run.drawn.length === 0) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
  return { samples: run.drawn, finished, stopped: run.stopped, totals: run.totals };
}

/** A tile's problem with its start. */
interface Ready extends TileProblem {
  readonly start: Float32Array;
}

interface TileResult {
  readonly picture: Float32Array;
  readonly complete: boolean;
}

class Run {
  readonly drawn: Float32Array[];
  totals: TotalsData;
  stopped = false;
  readonly #plan: Plan;
  readonly #request: PlanRun;
  readonly #from: RestoreSnapshot | undefined;
  readonly #key: string;
  readonly #pace = new Pace();
  readonly #ready = new Map<Tile, Ready>();
  #last: { readonly tile: Tile; readonly prepared: PreparedSolver } | undefined;

  constructor(plan: Plan, request: PlanRun, from: RestoreSnapshot | undefined) {
    this.#plan = plan;
    this.#request = request;
    this.#from = from;
    this.#key = keyOf(plan, request);
    if (from && from.key !== this.#key) {
      const expected = "the request that the snapshot was taken of";
      throw new TweedieError("invalid-option", { what: "resume", expected, got: "another image, task or option" });
    }
    this.drawn = [...(from?.finished ?? [])];
    this.totals = from?.totals ?? noTotals;
  }

  /** Is the run to end, with `more` steps than the finished tiles took? */
  stopping(more = 0): boolean {
    const { signal, stopAfter } = this.#request;
    return signal?.aborted === true || (stopAfter !== undefined && this.totals.steps + more >= stopAfter);
  }

  /** One result, tile by tile; when it is stopped the rest is the first guess. Undefined when nothing was done. */
  async *drawSample(sample: number): AsyncGenerator<RestoreStep, Float32Array | undefined> {
    const plan = this.#plan;
    const { tiles } = plan;
    const from = this.#from?.sample === sample ? this.#from : undefined;
    const mosaic = new Mosaic(plan.width, plan.height, plan.priorChannels, from?.mosaic);
    for (let index = from?.tile ?? 0; index < tiles.length; index++) {
      const weights = tileWeights(tiles[index], plan, plan.blend);
      const result = yield* this.#solveTile(sample, index, mosaic, weights);
      if (!result && index === 0) return undefined;
      if (result) mosaic.add(tiles[index], result.picture, weights);
      this.stopped = !result?.complete || (index + 1 < tiles.length && this.stopping());
      if (!this.stopped) continue;
      for (const rest of tiles.slice(result ? index + 1 : index)) {
        const { start } = await this.#readyFor(rest);
        mosaic.add(rest, start, tileWeights(rest, plan, plan.blend));
      }
      break;
    }
    return mosaic.blend(this.#background());
  }

  async dispose(): Promise<void> {
    await this.#last?.prepared.dispose();
    this.#last = undefined;
  }

  /** Undefined when it was stopped before the first step was done. */
  async *#solveTile(
    sample: number,
    index: number,
    mosaic: Mosaic,
    weights: Float32Array,
  ): AsyncGenerator<RestoreStep, TileResult | undefined> {
    const { seed = 0, signal } = this.#request;
    const tile = this.#plan.tiles[index];
    const from = this.#from?.sample === sample && this.#from.tile === index ? this.#from.solver : undefined;
    if (signal?.aborted) return undefined;
    try {
      const problem = await this.#readyFor(tile, signal);
      const prepared = await this.#preparedFor(tile, problem);
      for await (const step of prepared.steps(problem, { seed: tileSeed(seed, index), firstSample: sample, from })) {
        yield this.#stepOf(step, sample, index, mosaic, weights);
        const complete = step.index === step.steps;
        if (!complete && !this.stopping(step.index)) continue;
        this.totals = added(this.totals, step, sample);
        return { picture: await step.estimate(), complete };
      }
    } catch (error) {
      // Stopped while the program of this tile was compiling: what earlier tiles gave still counts.
      if (error instanceof TweedieError && error.code === "aborted" && signal?.aborted) return undefined;
      throw error;
    }
    throw new TweedieError("internal", { message: "a solver without steps" });
  }

  #stepOf(step: SolverStep, sample: number, index: number, mosaic: Mosaic, weights: Float32Array): RestoreStep {
    const plan = this.#plan;
    const { tiles } = plan;
    const { samples = 1, tileSize } = this.#request;
    const fraction = (sample * tiles.length + index + step.index / step.steps) / (samples * tiles.length);
    const normScale = plan.how === "repeated" ? 3 : 1;
    return {
      progress: {
        sample: sample + 1,
        samples,
        tile: index + 1,
        tiles: tiles.length,
        step: step.index,
        steps: step.steps,
        sigma: step.sigma,
        residual: step.residuals[0] / normScale,
        expectedResidual: step.expectedResidual / normScale,
        fraction,
        ...this.#pace.at(fraction),
      },
      preview: async () => {
        const sofar = new Mosaic(plan.width, plan.height, plan.priorChannels, mosaic.parts());
        sofar.add(tiles[index], await step.estimate(), weights);
        return finish(plan, sofar.blend(this.#background()));
      },
      snapshot: async () => ({
        key: this.#key,
        tileSize,
        sample,
        tile: index,
        finished: this.drawn.slice(),
        mosaic: mosaic.parts(),
        totals: this.totals,
        solver: await step.snapshot(),
      }),
    };
  }

  async #readyFor(tile: Tile, signal?: AbortSignal): Promise<Ready> {
    const known = this.#ready.get(tile);
    if (known) return known;
    const { solver, engine, samples = 1 } = this.#request;
    const problem = problemOf(this.#plan, tile);
    const start = await startOf(solver, problem.operator, problem.measurement, this.#plan.sigmaY, engine, signal);
    if (samples > 1) this.#ready.set(tile, { ...problem, start });
    return { ...problem, start };
  }

  async #preparedFor(tile: Tile, { operator }: Ready): Promise<PreparedSolver> {
    if (this.#last?.tile === tile) return this.#last.prepared;
    await this.dispose();
    const { prior, solver, options, engine, signal } = this.#request;
    if (!prior.latent) checkCompatible(solver, operator);
    const prepared = await prepareSolver(
      { operator, sigmaY: this.#plan.sigmaY, prior },
      { solver, options, engine, signal },
    );
    this.totals = { ...this.totals, compileSeconds: this.totals.compileSeconds + prepared.compileSeconds };
    this.#last = { tile, prepared };
    return prepared;
  }

  /** What stays where no tile comes. */
  #background(): Float32Array {
    const { task, y, width, height, priorChannels } = this.#plan;
    return task.name === "inpaint" ? y : new Float32Array(width * height * priorChannels);
  }
}

const noTotals: TotalsData = {
  counts: noCounts,
  steps: 0,
  compileSeconds: 0,
  residual: 0,
  expected: 0,
  roundTrips: [],
};

function added(totals: TotalsData, step: SolverStep, sample: number): TotalsData {
  const first = sample === 0 ? 1 : 0;
  return {
    counts: sumCounts([totals.counts, step.counts]),
    steps: totals.steps + step.index,
    compileSeconds: totals.compileSeconds,
    residual: totals.residual + first * step.residuals[0] ** 2,
    expected: totals.expected + first * step.expectedResidual ** 2,
    roundTrips: step.roundTrip ? [...totals.roundTrips, step.roundTrip] : totals.roundTrips,
  };
}

/** Each tile has noise of its own: the seed's upper half, which small seeds leave free, tells them apart. */
function tileSeed(seed: number, tile: number): number {
  return (seed + tile * 2 ** 32) % Number.MAX_SAFE_INTEGER;
}

/** All that decides the bytes of a result; of arrays their hashes. */
function keyOf(plan: Plan, { prior, solver, options, seed = 0, samples = 1 }: PlanRun): string {
  const { operator, task, sigmaY, y, mask, outliers, kept, tiles } = plan;
  const measured = { operator, task, sigmaY, y, known: mask?.known, outliers, kept, tiles };
  return JSON.stringify({ ...measured, prior: prior.hash, solver: solver.name, options, seed, samples }, (_, value) =>
    ArrayBuffer.isView(value) ? fnv1a(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) : value,
  );
}
