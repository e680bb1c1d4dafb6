import type { Denoiser } from "../../src/diffusion/denoiser.ts";
import type { Operator } from "../../src/operators/operator.ts";
import type { Conditional } from "../../src/priors/prior.ts";
import { normals } from "../../src/random/index.ts";
import { formulate, outputName } from "../../src/solvers/formulate.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import type { Solver, Step } from "../../src/solvers/solver.ts";
import { evaluate, type Feed, sizeOf, type Tensor } from "../../src/tensor/index.ts";

/** A problem small enough to be solved in float64 by the evaluator, node by node. */
export interface Float64Problem<O> {
  readonly solver: Solver<O>;
  readonly options?: Record<string, unknown>;
  readonly operator: Operator;
  readonly denoise: Denoiser;
  readonly conditional?: Conditional;
  readonly sigmaY: number;
  readonly y: readonly number[];
  readonly start?: readonly number[];
}

export interface Prepared {
  readonly schedule: readonly Step[];
  readonly stateNames: readonly string[];
  init(noise: NoiseSource): Record<string, Float64Array>;
  /** Runs one step; `wanted` are values like "next.x" or "estimate". */
  step(
    step: Step,
    state: Record<string, ArrayLike<number>>,
    noise: NoiseSource,
    wanted: readonly string[],
  ): Record<string, Float64Array>;
}

export type NoiseSource = (purpose: string, size: number) => Feed;

/** The formulas of a solver on a problem, each step to be run by hand. */
export function prepare<O>(problem: Float64Problem<O>, samples: number): Prepared {
  const { solver, operator, denoise, conditional, sigmaY, y } = problem;
  const options = parseOptions(solver, problem.options ?? {});
  const graphs = formulate({ solver, options, operator, denoise, conditional, sigmaY, samples });
  const start = problem.start ?? new Array(sizeOf(operator.domain)).fill(0);
  const run = (
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Tensor[],
    feed: (name: string, tensor: Tensor) => Feed,
  ) => evaluate(outputs, new Map(Object.entries(inputs).map(([name, t]) => [t, feed(name, t)]))).map((a) => a.data);
  const fixed = (name: string) => (name === "y" ? y : name === "start" ? start : undefined);
  return {
    schedule: solver.schedule(options, { sigmaY, operator, conditional: conditional !== undefined }),
    stateNames: graphs.stateNames,
    init(noise) {
      const outputs = graphs.stateNames.map((name) => graphs.init.outputs[name]);
      const values = run(graphs.init.inputs, outputs, (name, t) => fixed(name) ?? noise(name.slice(6), t.size));
      return Object.fromEntries(graphs.stateNames.map((name, i) => [name, values[i]]));
    },
    step(step, state, noise, wanted) {
      const outputs = wanted.map((value) => graphs.steps.outputs[outputName(step.kind, value)]);
      const values = run(graphs.steps.inputs, outputs, (name, t) => {
        if (name.startsWith("state.")) return state[name.slice(6)];
        if (name.startsWith("scalar.")) return [step.scalars[name.slice(7)]].flat();
        return fixed(name) ?? noise(name.slice(6), t.size);
      });
      return Object.fromEntries(wanted.map((value, i) => [value, values[i]]));
    },
  };
}

/** Runs a solver in float64 for `samples` chains at once; returns the estimates of the last step, chain after chain. */
export function solveInFloat64<O>(problem: Float64Problem<O>, samples = 1, seed = 0): Float64Array {
  const p = prepare(problem, samples);
  const noise = (step: number) => (purpose: string, size: number) => normals({ seed, step, purpose }, size);
  let state = p.init(noise(0));
  let estimate = new Float64Array();
  const wanted = [...p.stateNames.map((name) => `next.${name}`), "estimate"];
  p.schedule.forEach((s, i) => {
    const values = p.step(s, state, noise(i + 1), wanted);
    state = Object.fromEntries(p.stateNames.map((name) => [name, values[`next.${name}`]]));
    estimate = values.estimate as Float64Array<ArrayBuffer>;
  });
  return estimate;
}

/**
 * The exact mean and covariance of the final state `x` of a solver whose steps are affine in the state and the noise
 * (Gaussian prior, linear operator, nothing clipped): each step's matrices are read off from unit vectors, then
 * mean ← M·mean + b and covariance ← M·cov·Mᵀ + Q·Qᵀ. No Monte-Carlo error. The state's other tensors start at zero.
 */
export function propagate<O>(
  problem: Float64Problem<O>,
  start: { mean: readonly number[]; variance: number },
): { mean: number[]; covariance: number[][] } {
  const single = prepare(problem, 1);
  const purposes = new Map<string, number>();
  const names = single.stateNames;
  const zeros = (purpose: string, size: number) => {
    purposes.set(purpose, size);
    return new Float64Array(size);
  };
  const zeroState = single.init(zeros);
  purposes.clear();
  const kinds = new Map(single.schedule.map((step) => [step.kind, step]));
  for (const step of kinds.values()) single.step(step, zeroState, zeros, ["estimate"]);

  const sizes = names.map((name) => zeroState[name].length);
  const n = sizes.reduce((s, v) => s + v, 0);
  const q = [...purposes.values()].reduce((s, v) => s + v, 0);
  const chains = 1 + n + q; // no state and no noise; unit states; unit noises
  const p = prepare(problem, chains);
  const unit = (size: number, first: number) => {
    const out = new Float64Array(chains * size);
    for (let i = 0; i < size; i++) out[(first + i) * size + i] = 1;
    return out;
  };
  let at = 1;
  const place = (size: number) => {
    at += size;
    return unit(size, at - size);
  };
  const state = Object.fromEntries(names.map((name, k) => [name, place(sizes[k])]));
  const noise = new Map([...purposes].map(([purpose, size]) => [purpose, place(size)]));

  const x = names.slice(0, names.indexOf("x")).reduce((s, _, k) => s + sizes[k], 0);
  let mean = new Array<number>(n).fill(0);
  let covariance = mean.map(() => new Array<number>(n).fill(0));
  start.mean.forEach((m, i) => {
    mean[x + i] = m;
    covariance[x + i][x + i] = start.variance;
  });
  for (const step of p.schedule) {
    const results = p.step(
      step,
      state,
      (purpose) => noise.get(purpose) as Float64Array,
      names.map((name) => `next.${name}`),
    );
    const row = (chain: number) =>
      names.flatMap((name, k) => [...results[`next.${name}`].subarray(chain * sizes[k], (chain + 1) * sizes[k])]);
    const origin = row(0);
    const column = (chain: number) => row(chain).map((v, i) => v - origin[i]);
    const m = transpose(Array.from({ length: n }, (_, j) => column(1 + j)));
    const old = mean;
    mean = m.map((values, i) => origin[i] + values.reduce((s, v, j) => s + v * old[j], 0));
    covariance = multiply(multiply(m, covariance), transpose(m));
    if (q === 0) continue;
    const injected = Array.from({ length: q }, (_, j) => column(1 + n + j));
    const spread = multiply(transpose(injected), injected);
    covariance = covariance.map((values, i) => values.map((v, j) => v + spread[i][j]));
  }
  const block = start.mean.map((_, i) => x + i);
  return { mean: block.map((i) => mean[i]), covariance: block.map((i) => block.map((j) => covariance[i][j])) };
}

const transpose = (a: number[][]) => a[0].map((_, j) => a.map((row) => row[j]));
const multiply = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((s, v, k) => s + v * b[k][j], 0)));
