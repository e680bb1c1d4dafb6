import { describe, expect, it } from "vitest";
import { createSchedule } from "../../src/diffusion/index.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import { redDiff, weightings } from "../../src/solvers/red-diff.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const { operator } = g2Problem;
const g2 = { solver: redDiff, ...g2Problem, start: [0.96, 0.48] /* A†y */ };
const zero = (_: string, size: number) => new Float64Array(size);

describe("red-diff", () => {
  it("has the fixed point of its loss at one noise level", () => {
    // Sums instead of means: v·m = 1 and λ·n twice λ = 0.25
    const sigma = createSchedule({ type: "linear" }).sigma[300];
    const p = prepare({ ...g2, options: { steps: 1, lambda: 0.5 } }, 1);
    const scalars = { sigma: [sigma], weight: [0.5 * sigma], rate: 0, debias1: 1, debias2: 1, blend: 1 };
    const mu = [1.08069197, 0.08126861];
    const state = { mu, m: [0, 0], v: [0, 0], mean: mu };
    const { "next.m": m } = p.step({ kind: "step", sigma, scalars }, state, zero, ["next.m"]);
    for (const v of m) expect(v).toBeCloseTo(0, 8);
  });

  it("ends where the official constants end on G2: fits y, Adam's jitter in the null space", () => {
    const samples = 200;
    const x = solveInFloat64({ ...g2, options: { steps: 1000 } }, samples, 1);
    const column = (i: number) => Array.from({ length: samples }, (_, k) => x[2 * k + i]);
    const mean = (a: number[]) => a.reduce((s, v) => s + v, 0) / a.length;
    const deviation = (a: number[]) => Math.sqrt(mean(a.map((v) => (v - mean(a)) ** 2)));
    const [a, b] = [column(0), column(1)];
    // 4 standard errors of both this mean and the reference's
    expect(Math.abs(mean(a) - 1.129)).toBeLessThan(4 * 0.062 * Math.sqrt(2 / samples));
    expect(Math.abs(mean(b) - 0.141)).toBeLessThan(4 * 0.126 * Math.sqrt(2 / samples));
    expect(deviation(a) / 0.062).toBeGreaterThan(0.8);
    expect(deviation(a) / 0.062).toBeLessThan(1.25);
    expect(deviation(b) / 0.126).toBeGreaterThan(0.8);
    expect(deviation(b) / 0.126).toBeLessThan(1.25);
    expect(Math.abs(mean(a) + 0.5 * mean(b) - 1.2)).toBeLessThan(2e-3);
  });

  it("linear weighting is a pull towards the denoised picture: σ(ε̂ − ε) = μ − D(x_t)", () => {
    const sigma = 0.7;
    const p = prepare({ ...g2, options: { steps: 1, v: 0 } }, 1);
    const scalars = { sigma: [sigma], weight: [sigma], rate: 0, debias1: 1, debias2: 1, blend: 1 };
    const state = { mu: [1, 1], m: [0, 0], v: [0, 0], mean: [1, 1] };
    const { "next.m": m } = p.step({ kind: "step", sigma, scalars }, state, zero, ["next.m"]);
    const denoised = [1.1120527307, 0.3134023854];
    m.forEach((v, i) => {
      expect(v / 0.1).toBeCloseTo((1 - denoised[i]) / 2, 9);
    });
  });

  it("averages over the parallel timesteps", () => {
    const p = prepare({ ...g2, options: { steps: 1, v: 0, parallel: 2 } }, 3);
    const run = (sigma: number[]) => {
      const scalars = { sigma, weight: sigma, rate: 0, debias1: 1, debias2: 1, blend: 1 };
      const mu = [1, 1, 0.5, 0.2, -1, 2];
      return p.step(
        { kind: "step", sigma: 1, scalars },
        { mu, m: new Float64Array(6), v: new Float64Array(6), mean: mu },
        zero,
        ["next.m"],
      )["next.m"];
    };
    const [low, high, both] = [run([0.3, 0.3]), run([2, 2]), run([0.3, 2])];
    both.forEach((v, i) => {
      expect(v).toBeCloseTo((low[i] + high[i]) / 2, 12);
    });
  });

  it("weights the prior by λ f(σ), seven ways", () => {
    const at = (weighting: string) =>
      redDiff.schedule(parseOptions(redDiff, { steps: 4, weighting, lambda: 0.5 }), { sigmaY: 0.1, operator })[2];
    const s = at("linear").sigma;
    const expected = {
      linear: s,
      sqrt: s ** 0.5,
      square: s ** 2,
      log: Math.log(1 + s),
      trunc_linear: Math.min(s, 1),
      power2over3: s ** (2 / 3),
      const: 1,
    };
    expect(Object.keys(weightings).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected))
      expect(at(name).scalars.weight).toEqual([expect.closeTo(0.5 * value, 12)]);
  });

  it("averages the last iterates", () => {
    const steps = redDiff.schedule(parseOptions(redDiff, { steps: 10, average: 0.3 }), { sigmaY: 0.1, operator });
    expect(steps.map((s) => s.scalars.blend)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1 / 2, 1 / 3]);
  });
});
