import { type Engine, HostValue, type Program, type Value } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { measuredValues } from "../operators/noise.ts";
import { normals } from "../random/index.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/index.ts";
import { type Counts, countsOf, sumCounts } from "./counts.ts";
import { type FormulatedSolver, formulate, outputName } from "./formulate.ts";
import { compileKinds, type KindPrograms, outputsOf } from "./kinds.ts";
import { checkData, checkSetting, type ProblemData, parseOptions, type Setting } from "./problem.ts";
import type { Solver, Step } from "./solver.ts";

export interface PrepareOptions<O> {
  readonly solver: Solver<O>;
  /** Overrides of the solver's defaults; unknown names and values are refused. */
  readonly options?: Readonly<Partial<NoInfer<O>>>;
  readonly engine: Engine;
  /** How many results to draw side by side. */
  readonly samples?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface StepOptions {
  readonly seed?: number;
  /** The number of the first result; each has noise of its own. */
  readonly firstSample?: number;
  /** Goes on from there instead of from the start, to the same bytes. */
  readonly from?: Snapshot | undefined;
}

/** A run between two steps as plain data: enough to go on from there, with the same problem, options and seed. */
export interface Snapshot {
  /** Steps done. */
  readonly index: number;
  readonly state: Readonly<Record<string, Float32Array>>;
  readonly estimate: Float32Array;
  readonly residuals: readonly number[];
}

/** One step of a run that is done. What it offers on demand has to be asked for before the next step. */
export interface SolverStep {
  /** Steps done, of how many. */
  readonly index: number;
  readonly steps: number;
  /** Noise level of the step, on the [-1, 1] scale. */
  readonly sigma: number;
  /** ‖y − A(estimate)‖₂ of each sample. */
  readonly residuals: readonly number[];
  /** σ_y√m: what the residual of the true image would be. */
  readonly expectedResidual: number;
  /** Network evaluations so far, for each sample. */
  readonly counts: Counts;
  /** Latent priors: what the autoencoder's round trip does to the initial estimate. */
  readonly roundTrip?: RoundTrip;
  /** Seconds in which the engine computed, so far. */
  readonly engineSeconds: number;
  /** The images as the solver sees them now, flat: samples × domain. */
  estimate(): Promise<Float32Array>;
  snapshot(): Promise<Snapshot>;
}

/** decode(encode(·)) beside the initial estimate. */
export interface RoundTrip {
  /** In dB: about the best that any solver can reach in this latent space on an image like this. */
  readonly psnr: number;
  /** Mean difference of each channel on the 0..1 scale: a colour cast that the autoencoder adds. */
  readonly bias: readonly number[];
}

/** A compiled solver: one measurement model, one set of options, any number of measurements. */
export interface PreparedSolver {
  readonly compileSeconds: number;
  /** Estimated peak memory of a run, in bytes. */
  readonly memory: number;
  /** Shape of the images: [samples, C, H, W]. */
  readonly shape: Shape;
  /**
   * Runs the solver step by step; the caller decides what to look at, what to keep, and when to leave (`break`, `return()`).
   * @throws {TweedieError} size-mismatch or invalid-option: the data do not fit; numerical-failure: the iteration leaves the
   *   finite numbers
   */
  steps(data: ProblemData, options?: StepOptions): AsyncGenerator<SolverStep, void>;
  dispose(): Promise<void>;
}

/**
 * Compiles a solver for the domain of an operator, be it images or latents. Settings that differ in data alone (masks,
 * kernels, σ_y) share one compiled program. Dispose of it when it is no longer used; the engine keeps the program for the
 * next.
 * @throws {TweedieError} invalid-option: names an option that is wrong; invalid-operator: the solver needs what the operator
 *   lacks; out-of-memory; aborted
 */
export async function compileSolver<O>(setting: Setting, request: PrepareOptions<O>): Promise<PreparedSolver> {
  const { solver, engine, signal, samples = 1 } = request;
  const options = parseOptions(solver, request.options ?? {});
  checkSetting(setting, solver);
  const { operator, sigmaY, prior } = setting;
  const begin = performance.now();
  const { denoise, conditional } = prior;
  const graphs = formulate({ solver, options, operator, denoise, conditional, sigmaY, samples });
  const init = await engine.compile({ ...graphs.init, signal });
  const programs = await compileKinds(graphs, engine, signal).catch(async (error: unknown) => {
    await init.dispose();
    throw error;
  });
  const schedule = solver.schedule(options, { sigmaY, operator, conditional: conditional !== undefined });
  const expectedResidual = sigmaY * Math.sqrt(measuredValues(operator));
  const compiled = { name: solver.name, samples, graphs, init, programs, schedule, expectedResidual };
  return {
    compileSeconds: (performance.now() - begin) / 1000,
    memory: programs.memory,
    shape: [samples, ...operator.domain.slice(1)],
    steps(data, stepOptions = {}) {
      checkData(data, operator);
      return runSchedule(compiled, data, stepOptions);
    },
    async dispose() {
      await Promise.all([init.dispose(), programs.dispose()]);
    },
  };
}

interface CompiledSolver {
  readonly name: string;
  readonly samples: number;
  readonly graphs: FormulatedSolver;
  readonly init: Program;
  readonly programs: KindPrograms;
  readonly schedule: readonly Step[];
  readonly expectedResidual: number;
}

type State = Readonly<Record<string, Value>>;

async function* runSchedule(
  compiled: CompiledSolver,
  { measurement, start }: ProblemData,
  { seed = 0, firstSample = 0, from }: StepOptions,
): AsyncGenerator<SolverStep, void> {
  const { name, samples, graphs, init, programs, schedule, expectedResidual } = compiled;
  const { stateNames } = graphs;
  const clock = new Stopwatch();
  const draw = (inputs: Readonly<Record<string, Tensor>>, step: number) => drawNoise(inputs, seed, firstSample, step);
  // What stays the same over the steps is handed to the runtime once.
  const fixed: Record<string, Value> = {};
  let state: State = {};
  let estimate: Value | undefined;
  const dispose = (values: State) => {
    for (const value of Object.values(values)) value.dispose();
  };
  try {
    fixed.y = await init.hold("y", measurement);
    fixed.start = await init.hold("start", start);
    if (from) {
      const held = stateNames.map(async (s) => [s, await init.holdOutput(s, from.state[s])] as const);
      state = Object.fromEntries(await Promise.all(held));
    } else state = await clock.time(init.runValues({ ...fixed, ...draw(graphs.init.inputs, 0) }, { keep: stateNames }));

    const first = from?.index ?? 0;
    const calls = (kind: string) => countCalls(programs.of(kind).rowsOf(outputsOf(kind, stateNames)), samples);
    let counts = sumCounts([
      countCalls(init.rowsOf(), samples),
      ...schedule.slice(0, first).map(({ kind }) => calls(kind)),
    ]);
    const stepAt = (index: number, estimate: Value, residuals: readonly number[]): SolverStep => {
      const now = state;
      const read = async (v: Value) => (await v.read()) as Float32Array;
      return {
        index,
        steps: schedule.length,
        sigma: schedule[index - 1].sigma,
        residuals,
        expectedResidual,
        counts,
        engineSeconds: clock.seconds,
        estimate: () => read(estimate),
        snapshot: async () => {
          const arrays = Object.entries(now).map(async ([s, v]) => [s, await read(v)] as const);
          return {
            index,
            state: Object.fromEntries(await Promise.all(arrays)),
            estimate: await read(estimate),
            residuals,
          };
        },
      };
    };
    if (from && first === schedule.length) {
      const { shape } = graphs.steps.outputs[outputName(schedule[first - 1].kind, "estimate")];
      yield stepAt(first, new HostValue(from.estimate, shape, "float32"), from.residuals);
    }
    let noise = draw(graphs.steps.inputs, first + 1);
    for (let i = first; i < schedule.length; i++) {
      const step = schedule[i];
      const program = programs.of(step.kind);
      const all: Record<string, Value | Float32Array> = {
        ...fixed,
        ...noise,
        ...scalarFeeds(graphs.steps.inputs, step),
      };
      for (const s of stateNames) all[`state.${s}`] = state[s];
      const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => program.takes(name)));
      const outputs = outputsOf(step.kind, stateNames);
      const running = clock.time(program.runValues(feeds, { outputs, keep: outputs.slice(0, -1) }));
      if (i + 1 < schedule.length) noise = draw(graphs.steps.inputs, i + 2); // while the engine works
      const results: State = await running;
      const value = (what: string) => results[outputName(step.kind, what)];
      dispose(state);
      estimate?.dispose();
      state = Object.fromEntries(stateNames.map((s) => [s, value(`next.${s}`)]));
      const seen = value("estimate");
      estimate = seen;
      const residuals = Array.from((await value("residual").read()) as Float32Array);
      if (!residuals.every(Number.isFinite)) throw diverged(name, i + 1, schedule.length);
      counts = sumCounts([counts, calls(step.kind)]);
      yield stepAt(i + 1, seen, residuals);
    }
  } finally {
    dispose(fixed);
    dispose(state);
    estimate?.dispose();
  }
}

class Stopwatch {
  seconds = 0;

  async time<T>(work: Promise<T>): Promise<T> {
    const since = performance.now();
    const result = await work;
    this.seconds += (performance.now() - since) / 1000;
    return result;
  }
}

/** Each sample draws from its own stream: the batch never changes a sample. */
function drawNoise(inputs: Readonly<Record<string, Tensor>>, seed: number, firstSample: number, step: number) {
  const feeds: Record<string, Float32Array> = {};
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (!name.startsWith("noise.")) continue;
    const out = new Float32Array(sizeOf(shape));
    const n = out.length / shape[0];
    const purpose = name.slice("noise.".length);
    for (let k = 0; k < shape[0]; k++) out.set(normals({ seed, sample: firstSample + k, step, purpose }, n), k * n);
    feeds[name] = out;
  }
  return feeds;
}

function scalarFeeds(inputs: Readonly<Record<string, Tensor>>, step: Step): Record<string, Float32Array> {
  const names = Object.keys(inputs).filter((name) => name.startsWith("scalar."));
  return Object.fromEntries(
    names.map((name) => [name, Float32Array.from([step.scalars[name.slice("scalar.".length)]].flat())]),
  );
}

/** Network calls for each sample, of the rows that the networks got in one run. */
function countCalls(rows: Readonly<Record<string, number>>, samples: number): Counts {
  return countsOf((label) => Math.ceil((rows[label] ?? 0) / samples));
}

function diverged(name: string, step: number, steps: number): TweedieError {
  return new TweedieError("numerical-failure", {
    message: `${name}: left the finite numbers at step ${step} of ${steps}`,
    hint: "a smaller step size (gamma, zeta or lr) or fewer, higher noise levels help",
  });
}
