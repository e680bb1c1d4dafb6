import { describe, expect, it } from "vitest";
import { diffpir } from "../../src/solvers/diffpir.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const g2 = { solver: diffpir, ...g2Problem };
const sigma = 0.7;
const d = [1.1120527307, 0.3134023854];
const zero = (_: string, size: number) => new Float64Array(size);
const step = { kind: "step", sigma, scalars: { sigma, next: 0.3 } };

function corrected(options: Record<string, unknown>, problem: Partial<typeof g2> = {}): Float64Array {
  return prepare({ ...g2, ...problem, options: { clip: false, ...options } }, 1).step(step, { x: [1, 1] }, zero, [
    "estimate",
  ]).estimate;
}

/** x0 + Aᵀ(y − A x0)/(AAᵀ + ρ) for the single row A = (1, ½). */
function minimiser(rho: number): number[] {
  const pull = (1.2 - d[0] - 0.5 * d[1]) / (1.25 + rho);
  return [d[0] + pull, d[1] + 0.5 * pull];
}

describe("the data step on G2", () => {
  it("is the proximal point of the paper's ρ", () => {
    expectClose(corrected({ rho: "paper" }), [1.0579331765, 0.2863426083], 1e-9);
  });
  it.each([
    ["code", 0.25],
    ["inversebench", 2],
  ])("%s scales ρ by %f", (rho, factor) => {
    expectClose(corrected({ rho, lambda: 3 }), minimiser((3 * factor * 0.01) / sigma ** 2), 1e-9);
  });
  it("goes only part of the way with guidance below 1", () => {
    const whole = minimiser(0.01 / sigma ** 2);
    expectClose(
      corrected({ rho: "paper", guidance: 0.25 }),
      whole.map((v, i) => d[i] + 0.25 * (v - d[i])),
      1e-9,
    );
  });
  it("takes one gradient step where that is asked for, bounded or 1/ρ long", () => {
    const residual = 1.2 - d[0] - 0.5 * d[1];
    const rho = 0.01 / sigma ** 2;
    const moved = (length: number) => [d[0] + length * residual, d[1] + 0.5 * length * residual];
    expectClose(corrected({ rho: "paper", data: "gradient" }), moved(1 / (rho + 1.25)), 1e-9);
    expectClose(corrected({ rho: "paper", data: "gradient", gradientStep: "code" }), moved(1 / rho), 1e-7);
  });
  it("many gradient steps end at the proximal point", () => {
    const options = { rho: "paper", lambda: 50, data: "gradient", dataSteps: 60 };
    expectClose(corrected(options), corrected({ rho: "paper", lambda: 50 }), 1e-9);
  });
  it("takes gradient steps where the operator is not linear", () => {
    const { operator } = g2Problem;
    const squared = { ...operator, linear: false, apply: (x: Tensor) => operator.apply(x).square() };
    const a = d[0] + 0.5 * d[1];
    const length = (1.2 - a ** 2) * 2 * a * (1 / (0.01 / sigma ** 2 + 1.25));
    expectClose(corrected({ rho: "paper" }, { operator: squared }), [d[0] + length, d[1] + 0.5 * length], 1e-8);
  });
  it("back-projects by A† where that is asked for", () => {
    const { operator } = g2Problem;
    const pull = ((1.2 - d[0] - 0.5 * d[1]) / 1.25) * (0.01 / (1 + 0.01 / sigma ** 2));
    const got = corrected({ rho: "paper", data: "back-projection" }, { operator });
    expectClose(got, [d[0] + pull, d[1] + 0.5 * pull], 1e-9);
    expect(() =>
      corrected({ data: "back-projection" }, { operator: { ...operator, pseudoInverse: undefined } }),
    ).toThrow(/pseudo-inverse/);
  });
});

describe("the step down", () => {
  it("keeps √(1−ζ) of the noise that x̂ leaves and adds √ζ of fresh noise", () => {
    const problem = { ...g2, options: { clip: false, rho: "paper", zeta: 0.25 } };
    const z = [0.3, -0.2];
    const got = prepare(problem, 1).step(step, { x: [1, 1] }, () => z, ["next.x"])["next.x"];
    const xHat = [1.0579331765, 0.2863426083];
    const expected = xHat.map((v, i) => v + 0.3 * (Math.sqrt(0.75) * ((1 - v) / sigma) + Math.sqrt(0.25) * z[i]));
    expectClose(got, expected, 1e-9);
  });
  it("ends with the denoiser alone, unless asked to end with the data", () => {
    const kinds = (lastProximal: boolean) => prepare({ ...g2, options: { lastProximal } }, 1).schedule.at(-1)?.kind;
    expect([kinds(false), kinds(true)]).toEqual(["last", "step"]);
  });
});

describe("timesteps", () => {
  const sigmas = (options: Record<string, unknown>) => prepare({ ...g2, options }, 1).schedule.map((s) => s.sigma);
  it("quad: t = 999 − ⌊1000 √(i/(N−1))⌋, dense at low noise", () => {
    const quad = sigmas({ steps: 100 });
    const uniform = sigmas({ steps: 100, timesteps: "uniform" });
    expect(quad[0]).toBeCloseTo(157.407, 3);
    expect(quad.at(-1)).toBeCloseTo(0.0100005, 6);
    const alphaBar = (t: number) => {
      let product = 1;
      for (let i = 0; i <= t; i++) product *= 1 - (1e-4 + (i / 999) * (0.02 - 1e-4));
      return product;
    };
    const level = (t: number) => Math.sqrt((1 - alphaBar(t)) / alphaBar(t));
    expect(quad[1]).toBeCloseTo(level(899), 9);
    expect(uniform[1]).toBeCloseTo(level(989), 9);
    expect(quad.filter((s) => s < 1).length).toBeGreaterThan(uniform.filter((s) => s < 1).length);
  });
  it("visits no level twice", () => {
    const levels = sigmas({ steps: 1000 });
    expect(new Set(levels).size).toBe(levels.length);
  });
});

// 100 Karras levels 80 → 0.01 with the proximal step at the last one too.
describe("the whole run on G2, exactly", () => {
  it.each([
    [1, [1.1189, 0.1526], [0.0121, 0.0392]],
    [0.1, [1.1264, 0.1378], [0.023, 0.0801]],
    [0, [1.129, 0.1306], [0.0223, 0.0852]],
  ])("ζ = %f", (zeta, wanted, variances) => {
    const options = { rho: "paper", timesteps: "karras", sigmaMax: 80, zeta, lastProximal: true, clip: false };
    const { mean, covariance } = propagate({ ...g2, options }, { mean: [0, 0], variance: 6400 });
    expectClose(mean, wanted, 5.1e-5);
    expectClose([covariance[0][0], covariance[1][1]], variances, 5.1e-5);
  });
});

it("runs on ONNX Runtime as in float64", () => expectEngineAgrees(diffpir, { steps: 12, clip: false }));
