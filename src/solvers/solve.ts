import type { Engine, Program } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { measurementSize, type Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import { normals } from "../random/index.ts";
import { evaluate, type Shape, sizeOf, type Tensor } from "../tensor/index.ts";
import { checkProblem, parseOptions } from "./check.ts";
import { formulate, outputName } from "./formulate.ts";
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

export interface SolveOptions<O> {
  readonly solver: Solver<O>;
  /** Overrides of the solver's defaults; unknown names and values are refused. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly engine: Engine;
  readonly seed?: number;
  /** How many results to draw side by side, and the number of the first one. */
  readonly samples?: number;
  readonly firstSample?: number;
  /** Stops after the step under way; the best picture so far is returned with `stopped: true`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
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

/** How often the network ran for each sample, read from the compiled graph. */
export interface Counts {
  readonly forwards: number;
  readonly vjps: number;
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
  /** The part of `seconds` that compiling took. */
  readonly compileSeconds: number;
  readonly stopped: boolean;
}

/**
 * Runs a solver: schedule, seeded noise, progress, abort, counts, residual, and the final consistency step (pixels
 * that were measured without noise come out as they were measured).
 * @throws TweedieError `invalid-option` for options the solver does not know, `aborted` when stopped before the first
 *   step was done, `numerical-failure` when the iteration leaves the finite numbers.
 */
export async function solve<O>(problem: Problem, request: SolveOptions<O>): Promise<Solution> {
  const { solver, engine, signal, seed = 0, samples = 1, firstSample = 0 } = request;
  const options = parseOptions(solver, request.options ?? {});
  checkProblem(problem, solver);
  const { operator, sigmaY, prior } = problem;
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;

  const graphs = formulate({ solver, options, operator, denoise: prior.denoise, sigmaY, samples });
  const optional = graphs.kinds.length > 1 ? Object.keys(graphs.steps.outputs) : [];
  const programs: Program[] = [];
  try {
    const init = await engine.compile({ ...graphs.init, signal });
    programs.push(init);
    const program = await engine.compile({ ...graphs.steps, optional, signal });
    programs.push(program);
    const compileSeconds = seconds();

    const schedule = solver.schedule(options, { sigmaY, operator });
    const fixed = { y: problem.measurement, start: problem.start };
    const draw = (inputs: Readonly<Record<string, Tensor>>, step: number) => drawNoise(inputs, seed, firstSample, step);
    const expectedResidual = sigmaY * Math.sqrt(measuredValues(operator));
    let state = await init.run({ ...fixed, ...draw(graphs.init.inputs, 0) });
    const outputsOf = (kind: string) =>
      [...graphs.stateNames.map((name) => `next.${name}`), "estimate", "residual"].map((value) =>
        outputName(kind, value),
      );
    let latest: { estimate: Float32Array; residuals: number[] } | undefined;
    let done = 0;
    let noise = draw(graphs.steps.inputs, 1);
    for (const step of schedule) {
      if (signal?.aborted) break;
      const feeds: Record<string, Float32Array> = {
        ...fixed,
        ...noise,
        ...scalarFeeds(graphs.steps.inputs, step),
      };
      for (const name of graphs.stateNames) feeds[`state.${name}`] = state[name] as Float32Array;
      const running = program.run(feeds, { outputs: outputsOf(step.kind) });
      if (done + 1 < schedule.length) noise = draw(graphs.steps.inputs, done + 2); // while the engine works
      const results = await running;
      const read = (value: string) => results[outputName(step.kind, value)] as Float32Array;
      state = Object.fromEntries(graphs.stateNames.map((name) => [name, read(`next.${name}`)]));
      latest = { estimate: read("estimate"), residuals: Array.from(read("residual")) };
      done++;
      if (!latest.residuals.every(Number.isFinite)) throw diverged(solver.name, done, schedule.length);
      request.onProgress?.({
        step: done,
        steps: schedule.length,
        sigma: step.sigma,
        residual: latest.residuals[0],
        expectedResidual,
        seconds: seconds(),
        remainingSeconds: ((seconds() - compileSeconds) / done) * (schedule.length - done),
      });
    }
    if (!latest) throw new TweedieError("aborted", { message: "stopped before the first step was done" });
    return {
      pictures: keepKnown(problem, latest.estimate),
      shape: [samples, ...operator.domain.slice(1)],
      residuals: latest.residuals,
      expectedResidual,
      counts: countCalls(program, outputsOf, schedule.slice(0, done)),
      steps: done,
      seconds: seconds(),
      compileSeconds,
      stopped: done < schedule.length,
    };
  } finally {
    await Promise.all(programs.map((p) => p.dispose()));
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

/** Sums the network calls of the parts of the graph that each step ran. */
function countCalls(program: Program, outputsOf: (kind: string) => string[], steps: readonly Step[]): Counts {
  const total = { forwards: 0, vjps: 0 };
  for (const { kind } of steps) {
    const counts = program.countsOf(outputsOf(kind));
    total.forwards += counts.forward ?? 0;
    total.vjps += counts["forward'"] ?? 0;
  }
  return total;
}

function measuredValues(operator: Operator): number {
  const observed = operator.observed && evaluate([operator.observed])[0].data;
  return measurementSize(operator, observed);
}

/** Noiseless measured pixels are put back as they were. */
function keepKnown({ operator, sigmaY, measurement }: Problem, pictures: Float32Array): Float32Array {
  const { known } = operator;
  if (sigmaY > 0 || !known) return pictures;
  const [{ data }] = evaluate([known.expand(operator.domain)]);
  return pictures.map((v, i) => (data[i % data.length] ? measurement[i % data.length] : v));
}

function diverged(name: string, step: number, steps: number): TweedieError {
  return new TweedieError("numerical-failure", {
    message: `${name}: left the finite numbers at step ${step} of ${steps}`,
    hint: "a smaller step size (gamma, zeta or lr) or fewer, higher noise levels help",
  });
}
