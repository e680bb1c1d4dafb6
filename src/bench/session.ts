import type { Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import type { Lpips } from "../metrics/index.ts";
import { measuredValues, type Operator } from "../operators/index.ts";
import {
  firstGuess,
  keepKnown,
  noCounts,
  type PreparedSolver,
  type Progress,
  prepareSolver,
  runToEnd,
  type Solution,
  startOf,
} from "../solvers/index.ts";
import type { Cell, CellStore } from "./cell.ts";
import { costOf, measureNetwork, type NetworkCost, PeakMemory, ProcessorClock } from "./cost.ts";
import { createSimulator, type Simulator } from "./measurement.ts";
import type { BenchPicture } from "./pictures.ts";
import type { Group, Plan, Row, Selection } from "./plan.ts";
import { clipped, qualityOf } from "./quality.ts";

/** How long a measurement of the network counts, in milliseconds: what else runs on a machine changes its pace. */
const COST_LASTS = 60_000;

export interface BenchProgress {
  /** Cells that this run has to compute, and those that are done. */
  readonly done: number;
  readonly total: number;
  readonly prior: string;
  readonly task: string;
  readonly solver: string;
  readonly picture: string;
  readonly step: number;
  readonly steps: number;
  readonly seconds: number;
  /** From the pace so far. */
  readonly secondsLeft: number;
}

export interface BenchRequest {
  readonly plan: Plan;
  /** Where finished cells are kept; what is there already is not computed again. */
  readonly folder: string;
  readonly engine: Engine;
  /** Computes only these; results of the others stay what they are. */
  readonly selection?: Selection;
  /** Computes the selected cells anew. */
  readonly fresh?: boolean;
  readonly lpips?: Lpips;
  /** Stops after the step under way; the cell under way is lost, finished ones are kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
}

/** The cells of a row that are to be computed. */
export interface Todo {
  readonly group: Group;
  readonly row: Row;
  readonly cells: readonly { readonly picture: BenchPicture; readonly key: string }[];
}

/** One run of a bench: computes cells and stores them, counts, paces, and knows what was measured already. */
export class Session {
  done = 0;
  readonly #request: BenchRequest;
  readonly #store: CellStore;
  readonly #total: number;
  readonly #begin = performance.now();
  readonly #costs = new Map<string, { readonly cost: NetworkCost; readonly at: number }>();

  constructor(request: BenchRequest, store: CellStore, total: number) {
    this.#request = request;
    this.#store = store;
    this.#total = total;
  }

  async runGroup(group: Group, works: readonly Todo[]): Promise<void> {
    const { engine, plan, signal } = this.#request;
    const { operator, task } = group;
    const simulator = await createSimulator(operator, task.noise, plan.spec.seed, engine, signal);
    const measured = new Map<BenchPicture, Float32Array>();
    const yOf = async (picture: BenchPicture): Promise<Float32Array> => {
      const y = measured.get(picture) ?? (await simulator.measure(picture));
      measured.set(picture, y);
      return y;
    };
    try {
      for (const work of works) {
        if (signal?.aborted) return;
        if (work.row.method.kind === "classical") await this.#runClassical(work, simulator, yOf);
        else await this.#runSolver(work, yOf);
      }
    } finally {
      await simulator.dispose();
    }
  }

  async #runClassical({ group, row, cells }: Todo, simulator: Simulator, yOf: YOf): Promise<void> {
    const { operator, sigmaY } = group;
    for (const { picture, key } of cells) {
      if (this.#request.signal?.aborted) return;
      this.#report(group, row, picture, 0, 1);
      const y = await yOf(picture);
      const memory = new PeakMemory();
      const begin = performance.now();
      const clock = new ProcessorClock();
      const result = await firstGuess(operator, y, sigmaY, this.#request.engine);
      const seconds = (performance.now() - begin) / 1000;
      const residual = await simulator.residual(y, result);
      await this.#finish(group, row, picture, key, result, {
        ...residuals(residual, operator, sigmaY),
        ...noWork,
        seconds,
        cpuSeconds: clock.seconds(),
        peakMemory: memory.stop(),
      });
    }
  }

  async #runSolver({ group, row, cells }: Todo, yOf: YOf): Promise<void> {
    const { engine, plan, signal } = this.#request;
    const { operator, sigmaY, prior } = group;
    if (row.method.kind !== "solver") return;
    const { solver, options } = row.method;
    const cost = await this.#networkCost(group);
    this.#report(group, row, cells[0].picture, 0, 1);
    let prepared: PreparedSolver | undefined;
    try {
      const setting = { operator, sigmaY, prior: prior.prior };
      try {
        prepared = await prepareSolver(setting, { solver, options, engine, signal });
      } catch (error) {
        for (const { picture, key } of cells) await this.#fail(group, row, picture, key, error);
        return;
      }
      for (const { picture, key } of cells) {
        if (signal?.aborted) return;
        const y = await yOf(picture);
        const start = await startOf(solver, operator, y, sigmaY, engine);
        const memory = new PeakMemory();
        const clock = new ProcessorClock();
        let solution: Solution;
        try {
          const onProgress = ({ step, steps }: Progress) => this.#report(group, row, picture, step, steps);
          const run = { seed: plan.spec.solverSeed, signal, onProgress };
          solution = await runToEnd(prepared, { measurement: y, start }, run);
        } catch (error) {
          memory.stop();
          await this.#fail(group, row, picture, key, error);
          continue;
        }
        const [cpuSeconds, peakMemory] = [clock.seconds(), memory.stop()];
        if (solution.stopped) return; // half a cell says nothing
        const { counts, steps, seconds } = solution;
        await this.#finish(group, row, picture, key, keepKnown(operator, sigmaY, y, solution.pictures), {
          ...residuals(solution.residuals[0], operator, sigmaY),
          ...counts,
          steps,
          seconds,
          compileSeconds: prepared.compileSeconds,
          cpuSeconds,
          networkSeconds: costOf(counts, cost),
          peakMemory,
        });
      }
    } finally {
      await prepared?.dispose();
    }
  }

  async #networkCost({ prior, operator }: Group): Promise<NetworkCost> {
    const key = `${prior.name} ${operator.domain.join("x")}`;
    const { engine, signal } = this.#request;
    const known = this.#costs.get(key);
    if (known && performance.now() - known.at < COST_LASTS) return known.cost;
    const cost = await measureNetwork(prior.prior, operator.domain, engine, signal);
    this.#costs.set(key, { cost, at: performance.now() });
    return cost;
  }

  async #finish(
    group: Group,
    row: Row,
    picture: BenchPicture,
    key: string,
    result: Float32Array,
    facts: Omit<Cell, "key" | "prior" | "set" | "task" | "picture" | "solver">,
  ): Promise<void> {
    const { lpips } = this.#request;
    const shown = clipped(result);
    const distance = await lpips?.distance({ ...picture, data: shown }, picture);
    const cell: Cell = {
      ...this.#identity(group, row, picture, key),
      ...qualityOf(shown, picture),
      ...(lpips && distance !== undefined ? { lpips: { value: distance, weights: lpips.weights } } : {}),
      ...facts,
    };
    await this.#store.write(cell, { ...picture, data: shown });
    this.done++;
  }

  /** A solver that leaves the finite numbers, or a graph that does not fit, is a result as well. */
  async #fail(group: Group, row: Row, picture: BenchPicture, key: string, error: unknown): Promise<void> {
    if (!(error instanceof TweedieError) || error.code === "aborted" || error.code === "internal") throw error;
    const cell = { ...this.#identity(group, row, picture, key), failure: error.message, ...noWork };
    await this.#store.write({ ...cell, seconds: 0, peakMemory: 0 });
    this.done++;
  }

  #identity({ prior, set, task }: Group, { solver }: Row, picture: BenchPicture, key: string) {
    return { key, prior: prior.name, set, task: task.name, picture: picture.name, solver: solver.label };
  }

  #report({ prior, task }: Group, { solver }: Row, picture: BenchPicture, step: number, steps: number): void {
    const seconds = (performance.now() - this.#begin) / 1000;
    const share = (this.done + step / steps) / this.#total;
    this.#request.onProgress?.({
      done: this.done,
      total: this.#total,
      prior: prior.name,
      task: task.name,
      solver: solver.label,
      picture: picture.name,
      step,
      steps,
      seconds,
      secondsLeft: share > 0 ? (seconds * (1 - share)) / share : Number.POSITIVE_INFINITY,
    });
  }
}

type YOf = (picture: BenchPicture) => Promise<Float32Array>;

const noWork = { ...noCounts, steps: 0, compileSeconds: 0, cpuSeconds: 0, networkSeconds: 0 };

function residuals(residual: number, operator: Operator, sigmaY: number) {
  const rms = residual / Math.sqrt(measuredValues(operator));
  return sigmaY > 0 ? { residualRatio: rms / sigmaY, residualRms: rms } : { residualRms: rms };
}
