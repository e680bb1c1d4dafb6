import { describe, expect, it } from "vitest";
import { matrixOperator as factoredOperator } from "../../src/bench/exact/matrix.ts";
import { createProblem, noiseLevels } from "../../src/bench/exact/problems.ts";
import { exactMoments, type Mixture } from "../../src/priors/exact.ts";
import { gaussianPrior, mixturePrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { vmlMap } from "../../src/solvers/vml-map.ts";
import { type NoiseSource, prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { M1 } from "../helpers/problems.ts";

const g2 = { solver: vmlMap, ...g2Problem };
const sigma = 0.7;
const J = [
  [0.5649717514, 0.263653484],
  [0.263653484, 0.3452605148],
];
const pull = (v: number[]) => [0, 1].map((i) => J[0][i] * v[0] + J[1][i] * v[1]);
const descend = { kind: "descend", sigma, scalars: { sigma, next: 0 } };
const zero: NoiseSource = (_, size) => new Float64Array(size);

/** How far one descent step moves x = (1, 1), γ0 = 1. */
function move(options: Record<string, unknown>, noise = zero): number[] {
  const p = prepare({ ...g2, options }, 1);
  return Array.from(p.step(descend, { x: [1, 1] }, noise, ["next.x"])["next.x"], (v) => v - 1);
}

describe("one descent step on G2", () => {
  it("follows −∇VML_S = Jᵀv with the curvature bound's step", () => {
    const gamma = 1 / (1.25 + 0.01 / (4 * sigma ** 2));
    const [a, b] = move({ precondition: "none" });
    expect(a / (gamma * 0.01)).toBeCloseTo(-5.0310022612, 7);
    expect(b / (gamma * 0.01)).toBeCloseTo(-3.4231156757, 7);
  });
  it("preconditions by conjugate gradients", () => {
    const expected = pull([0.2399582007, -0.6226448796]);
    move({ precondition: "cg" }).forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 8);
    });
  });
  it("preconditions by the SVD", () => {
    const expected = pull([0.2390260963, -0.6231109318]);
    move({ precondition: "svd" }).forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 8);
    });
  });
  it("trace terms are constants for a Gaussian prior", () => {
    const noise = (purpose: string, size: number) => normals({ seed: 3, purpose }, size);
    const [without, withTraces] = [move({}, noise), move({ traces: true }, noise)];
    withTraces.forEach((v, i) => {
      expect(v).toBeCloseTo(without[i], 12);
    });
  });
  it("takes ‖H‖² from power iterations on request: exact for one row", () => {
    const [bound, iterated] = [move({}), move({ powerSteps: 1 })];
    iterated.forEach((v, i) => {
      expect(v).toBeCloseTo(bound[i], 12);
    });
  });
  it("never steps further than cap·σ√n", () => {
    const [a, b] = move({ precondition: "cg", cap: 0.01 });
    expect(Math.hypot(a, b)).toBeCloseTo(0.01 * sigma * Math.SQRT2, 12);
  });
});

describe("the whole run on G2 ends at the MAP", () => {
  const map = [1.11815562, 0.15417867];
  it.each([
    ["none", 100, 20, 1e-5 * 1.5],
    ["cg", 100, 20, 5e-5],
    ["svd", 100, 20, 5e-5],
    ["svd", 100, 20, 5e-6, false],
    ["svd", 20, 100, 5e-6, false],
  ])("%s, %i levels of %i steps, to %f (svdFloor %s)", (precondition, steps, inner, error, svdFloor = true) => {
    const options = { precondition, steps, inner, sigmaMin: 0.01, cap: 1e9, svdFloor };
    const x = solveInFloat64({ ...g2, options });
    expect(Math.hypot(x[0] - map[0], x[1] - map[1])).toBeLessThan(error);
  });
  it("re-noising leaves the last levels' noise in part", () => {
    const options = { steps: 20, inner: 100, reverse: "renoise", cap: 1e9 };
    const x = solveInFloat64({ ...g2, options }, 8);
    const errors = Array.from({ length: 8 }, (_, k) => Math.hypot(x[2 * k] - map[0], x[2 * k + 1] - map[1]));
    const mean = errors.reduce((s, e) => s + e, 0) / 8;
    expect(mean).toBeGreaterThan(1e-4);
    expect(mean).toBeLessThan(2e-2);
  });
});

describe("singular values from 1 to 10⁻³ in 16 dimensions", () => {
  /** How far from the MAP a run ends, in units of the posterior's spread. */
  const error = (sigmaY: number, options: Record<string, unknown>) => {
    const problem = createProblem({ family: "correlated-16", measured: "ill", sigmaY });
    const [mean, covariance] = [problem.prior.means[0], problem.prior.covariances[0]];
    const x = solveInFloat64({
      solver: vmlMap,
      operator: factoredOperator(problem.factors),
      denoise: gaussianPrior(mean, covariance).denoise,
      sigmaY,
      y: problem.measurement.y,
      options: { steps: 30, ...options },
    });
    const spread = Math.sqrt(problem.posterior.covariances[0].reduce((sum, row, i) => sum + row[i], 0));
    return Math.hypot(...problem.posterior.means[0].map((v, i) => x[i] - v)) / spread;
  };
  it.each(noiseLevels)("σ_y = %f: cg and svd end at the MAP, the paper's svd without a floor does not", (sigmaY) => {
    expect(error(sigmaY, { precondition: "cg" })).toBeLessThan(0.02);
    expect(error(sigmaY, { precondition: "svd" })).toBeLessThan(0.02);
    expect(error(sigmaY, { precondition: "svd", svdFloor: false })).toBeGreaterThan(0.1);
  });
});

describe("the mixture M1", () => {
  const denoise = mixturePrior(M1.prior).denoise;
  const problem = (y: number, sigmaY: number) => ({
    solver: vmlMap,
    operator: matrixOperator([[0.8]]),
    denoise,
    sigmaY,
    y: [y],
    options: { steps: 60, inner: 40, sigmaMin: 0.01, sigmaMax: 10, cap: 1e9 },
  });
  it.each([
    [0.4, 0.6, 0.8082],
    [-0.2, 0.6, 0.5205],
    [-0.3, 1.5, 0.8755],
  ])("reaches the highest mode from every start: y = %f, σ_y = %f", (y, sigmaY, mode) => {
    for (const x of solveInFloat64(problem(y, sigmaY), 60)) expect(Math.abs(x - mode)).toBeLessThan(1.5e-3);
  });

  it("the trace terms move the minimiser to that of the exact loss", () => {
    const samples = 20_000;
    const x = whereDenoised(M1.prior, 1, 0.7619);
    const at = { kind: "descend", sigma: 1, scalars: { sigma: 1, next: 0 } };
    const drift = (traces: boolean) => {
      const p = prepare({ ...problem(0.4, 0.6), options: { traces, cap: 1e9 } }, samples);
      const noise = (purpose: string, size: number) => normals({ seed: 5, purpose }, size);
      const next = p.step(at, { x: new Float64Array(samples).fill(x) }, noise, ["next.x"])["next.x"];
      const moves = next.map((v) => v - x);
      const mean = moves.reduce((s, v) => s + v, 0) / samples;
      const spread = Math.sqrt(moves.reduce((s, v) => s + (v - mean) ** 2, 0) / samples);
      return { mean, error: (4 * spread) / Math.sqrt(samples) };
    };
    const [plain, exact] = [drift(false), drift(true)];
    expect(Math.abs(plain.mean)).toBeGreaterThan(0.01);
    expect(Math.abs(exact.mean)).toBeLessThan(exact.error + 1e-4);
  });
});

/** The x at which D(x, σ) has the given value, by bisection (D grows with x). */
function whereDenoised(prior: Mixture, level: number, value: number): number {
  let [low, high] = [-10, 10];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (exactMoments(prior, [middle], level).denoised[0] < value) low = middle;
    else high = middle;
  }
  return low;
}
