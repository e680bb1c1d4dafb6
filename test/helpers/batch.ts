import { expect } from "vitest";
import { normals } from "../../src/random/index.ts";
import { expectClose } from "./close.ts";
import { type Float64Problem, prepare } from "./float64-solver.ts";

/** The estimates of the last step for the samples of these numbers, each with noise of its own, side by side. */
export function solveSamples<O>(problem: Float64Problem<O>, samples: readonly number[], seed = 1): Float64Array {
  const p = prepare(problem, samples.length);
  const draw = (step: number) => (purpose: string, size: number) =>
    samples.flatMap((sample) => [...normals({ seed, sample, step, purpose }, size / samples.length)]);
  let state: Record<string, ArrayLike<number>> = p.init(draw(0));
  let estimate = new Float64Array();
  const wanted = [...p.stateNames.map((name) => `next.${name}`), "estimate"];
  p.schedule.forEach((s, i) => {
    const values = p.step(s, state, draw(i + 1), wanted);
    state = Object.fromEntries(p.stateNames.map((name) => [name, values[`next.${name}`]]));
    estimate = values.estimate as Float64Array<ArrayBuffer>;
  });
  return estimate;
}

/** A sample is the same alone and beside others, the same again, and not the sample beside it. */
export function expectOwnSamples<O>(problem: Float64Problem<O>): void {
  const both = solveSamples(problem, [0, 1]);
  const n = both.length / 2;
  expectClose(solveSamples(problem, [1]), both.slice(n), 1e-9);
  expect([...solveSamples(problem, [0, 1])]).toEqual([...both]);
  expect(Math.max(...both.slice(0, n).map((v, i) => Math.abs(v - both[n + i])))).toBeGreaterThan(1e-3);
}
