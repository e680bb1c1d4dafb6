import type { Engine, Program } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { measuredValues } from "../operators/noise.ts";
import type { Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import { normals } from "../random/index.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/index.ts";
import { checkProblem, parseOptions } from "./check.ts";
import { type Counts, countsOf, sumCounts } from "./counts.ts";
import { type FormulatedSolver, formulate, outputName } from "./formulate.ts";
import { keepKnown } from "./keep-known.ts";
import { checkNeeds } from "./needs.ts";
import type { Solver, Step } from "./solver.ts";

export interface Problem {
  readonly operator: Operator;
  /** y, flat in the operator's range. */
  readonly measurement: Float32Array;
  /** Standard deviation of the noise in y, on the [-1, 1] scale. */
  readonly sigmaY: number;
  readonly prior: Prior;
  /** A first guess of the picture, flat in the operator's domain. */
  readonly start: Float32Array;
}

/** What a solver is compiled for: a {@link Problem} without its data. */
export type Setting = Omit<Problem, "measurement" | "start">;

export interface PrepareOptions<O> {
  readonly solver: Solver<O>;
  /** Overrides of the solver's defaults; unknown names and values are refused. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly engine: Engine;
  /** How many results to draw side by side. */
  readonly samples?: number;
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  readonly seed?: number;
  /** The number of the first result; each has noise of its own. */
  readonly firstSample?: number;
  /** Stops after the step under way; the best picture so far is returned with `stopped: true`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export type SolveOptions<O> = PrepareOptions<O> & RunOptions;

/** A compiled solver: one operator, one noise level, one set of options, any number of measurements. */
export interface PreparedSolver {
  readonly compileSeconds: number;
  /** Estimated peak memory of a run, in bytes. */
  readonly memory: number;
  run(data: Pick<Problem, "measurement" | "start">, options?: RunOptions): Promise<Solution>;
  dispose(): Promise<void>;
}

export interface Progress {
  /** Steps done, of how many. */
  readonly step: number;
  readonly steps: number;
  readonly sigma: number;
  /** ‖y − A(estimate)‖₂, of the first sample. */
  readonly residual: number;
  /** σ_y√m: what the residual of the true picture would be. */
  readonly expectedResidual: number;
  /** Since the start, compiling included. */
  readonly seconds: number;
  /** Until the end, from the pace so far. */
  readonly remainingSeconds: number;
}

export interface Solution {
  /** The pictures, flat: samples × domain. */
  readonly pictures: Float32Array;
  readonly shape: Shape;
  readonly residuals: readonly number[];
  readonly expectedResidual: number;
  readonly counts: Counts;
  readonly steps: number;
  readonly seconds: number;
  /** The part of `seconds` that compiling took; 0 where the program was there already. */
  readonly compileSeconds: number;
  /** The part of `seconds` in which the engine computed steps. */
  readonly engineSeconds: number;
  readonly stopped: boolean;
}

/**
 * Runs a solver: schedule, seeded noise, progress, abort, counts, residual, and the final consistency step (pixels
 * that were measured without noise come out as they were measured).
 * @throws TweedieError `invalid-option` for options the solver does not know, `aborted` when stopped before the first
 *   step was done, `numerical-failure` when the iteration leaves the finite numbers.
 */
export async function solve<O>(problem: Problem, request: SolveOptions<O>): Promise<Solution> {
  parseOptions(request.solver, request.options ?? {});
  checkProblem(problem, request.solver);
  const prepared = await prepareSolver(problem, request);
  const { compileSeconds } = prepared;
  const onProgress =
    request.onProgress && ((p: Progress) => request.onProgress?.({ ...p, seconds: p.seconds + compileSeconds }));
  try {
    const solution = await prepared.run(problem, { ...request, onProgress });
    return { ...solution, seconds: solution.seconds + compileSeconds, compileSeconds };
  } finally {
    await prepared.dispose();
  }
}

/**
 * Compiles a solver once, to be run on many measurements of one operator and one noise level: what {@link solve} does
 * with each of them, without compiling again. Dispose of it to give the memory back.
 * @throws TweedieError like {@link solve}
 */
export async function prepareSolver<O>(setting: Setting, request: PrepareOptions<O>): Promise<PreparedSolver> {
  const { solver, engine, signal, samples = 1 } = request;
  const options = parseOptions(solver, request.options ?? {});
  checkNeeds(solver, setting.operator);
  const { operator, sigmaY, prior } = setting;
  const begin = performance.now();

  const graphs = formulate({
    solver,
    options,
    operator,
    denoise: prior.denoise,
    conditional: prior.conditional,
    sigmaY,
    samples,
  });
  const optional = graphs.kinds.length > 1 ? Object.keys(graphs.steps.outputs) : [];
  const init = await engine.compile({ ...graphs.init, signal });
  const program = await engine.compile({ ...graphs.steps, optional, signal }).catch(async (error: unknown) => {
    await init.dispose();
    throw error;
  });
  const schedule = solver.schedule(options, { sigmaY, operator, conditional: prior.conditional !== undefined });
  const compiled = { solver: solver.name, setting, samples, graphs, init, program, schedule };
  return {
    compileSeconds: (performance.now() - begin) / 1000,
    memory: program.memory,
    async run(data, options = {}) {
      checkProblem({ ...setting, ...data }, solver);
      return runSchedule(compiled, data, options);
    },
    async dispose() {
      await Promise.all([init.dispose(), program.dispose()]);
    },
  };
}

interface Compiled {
  readonly solver: string;
  readonly setting: Setting;
  readonly samples: number;
  readonly graphs: FormulatedSolver;
  readonly init: Program;
  readonly program: Program;
  readonly schedule: readonly Step[];
}

async function runSchedule(
  { solver, setting, samples, graphs, init, program, schedule }: Compiled,
  { measurement, start }: Pick<Problem, "measurement" | "start">,
  { seed = 0, firstSample = 0, signal, onProgress }: RunOptions,
): Promise<Solution> {
  const { operator, sigmaY } = setting;
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  let engineSeconds = 0;
  const timed = async <T>(work: Promise<T>, since = performance.now()): Promise<T> => {
    const result = await work;
    engineSeconds += (performance.now() - since) / 1000;
    return result;
  };
  const fixed = { y: measurement, start };
  const draw = (inputs: Readonly<Record<string, Tensor>>, step: number) => drawNoise(inputs, seed, firstSample, step);
  const expectedResidual = sigmaY * Math.sqrt(measuredValues(operator));
  let state = await timed(init.run({ ...fixed, ...draw(graphs.init.inputs, 0) }));
  const outputsOf = (kind: string) =>
    [...graphs.stateNames.map((name) => `next.${name}`), "estimate", "residual"].map((value) =>
      outputName(kind, value),
    );
  let latest: { estimate: Float32Array; residuals: number[] } | undefined;
  let done = 0;
  let noise = draw(graphs.steps.inputs, 1);
  for (const step of schedule) {
    if (signal?.aborted) break;
    const feeds: Record<string, Float32Array> = { ...fixed, ...noise, ...scalarFeeds(graphs.steps.inputs, step) };
    for (const name of graphs.stateNames) feeds[`state.${name}`] = state[name] as Float32Array;
    const running = timed(program.run(feeds, { outputs: outputsOf(step.kind) }));
    if (done + 1 < schedule.length) noise = draw(graphs.steps.inputs, done + 2); // while the engine works
    const results = await running;
    const read = (value: string) => results[outputName(step.kind, value)] as Float32Array;
    state = Object.fromEntries(graphs.stateNames.map((name) => [name, read(`next.${name}`)]));
    latest = { estimate: read("estimate"), residuals: Array.from(read("residual")) };
    done++;
    if (!latest.residuals.every(Number.isFinite)) throw diverged(solver, done, schedule.length);
    onProgress?.({
      step: done,
      steps: schedule.length,
      sigma: step.sigma,
      residual: latest.residuals[0],
      expectedResidual,
      seconds: seconds(),
      remainingSeconds: (seconds() / done) * (schedule.length - done),
    });
  }
  if (!latest) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
  return {
    pictures: keepKnown(operator, sigmaY, measurement, latest.estimate),
    shape: [samples, ...operator.domain.slice(1)],
    residuals: latest.residuals,
    expectedResidual,
    counts: sumCounts([
      countCalls(init.rowsOf(), samples),
      ...schedule.slice(0, done).map(({ kind }) => countCalls(program.rowsOf(outputsOf(kind)), samples)),
    ]),
    steps: done,
    seconds: seconds(),
    compileSeconds: 0,
    engineSeconds,
    stopped: done < schedule.length,
  };
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
