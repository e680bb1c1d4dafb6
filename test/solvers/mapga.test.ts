import { describe, expect, it } from "vitest";
import { exactPosterior, gaussian } from "../../src/priors/exact.ts";
import { mixturePrior } from "../../src/priors/index.ts";
import { mapga } from "../../src/solvers/mapga.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { G2, M1 } from "../helpers/problems.ts";

const g2 = { solver: mapga, ...g2Problem };
const map = [1.11815562, 0.15417867];
const zero = (_: string, size: number) => new Float64Array(size);
const ascend = (sigma: number, ode: number[] = [0]) => ({
  kind: "ascend",
  sigma,
  scalars: { sigma, ode, next: 0 },
});

describe("one ascent step on G2, σ = 0.7, x = (1, 1)", () => {
  const sigma = 0.7;
  const data = [-4.7907630251, -2.9996218941].map((v) => 0.01 * v);
  const score = [0.2286790422, -1.4012196216].map((v) => 0.01 * v);
  const move = (options: Record<string, unknown>) =>
    Array.from(
      prepare({ ...g2, options }, 1).step(ascend(sigma), { x: [1, 1] }, zero, ["next.x"])["next.x"],
      (v) => v - 1,
    );
  it("climbs the likelihood through the denoiser", () => {
    expectClose(
      move({ prior: false }),
      data.map((v) => v / 1.25),
      1e-11,
    );
  });
  it("climbs the prior's density as well", () => {
    const gamma = 0.5 / (1.25 + 0.01 / sigma ** 2);
    expectClose(
      move({ gamma: 0.5 }),
      data.map((v, i) => gamma * (v + score[i])),
      1e-11,
    );
  });
  it("never steps further than cap·σ√n", () => {
    expect(Math.hypot(...move({ cap: 1e-3 }))).toBeCloseTo(1e-3 * sigma * Math.SQRT2, 12);
  });
});

/** Climbs at one level until nothing moves; the estimate there. */
function summit(sigma: number, odeLevels: number[], options: Record<string, unknown>): Float64Array {
  const p = prepare({ ...g2, options: { odeSteps: odeLevels.length, cap: 1e9, ...options } }, 1);
  let x: ArrayLike<number> = [1, 1];
  for (let k = 0; k < 1000; k++) x = p.step(ascend(sigma, odeLevels), { x }, zero, ["next.x"])["next.x"];
  return p.step(ascend(sigma, odeLevels), { x }, zero, ["estimate"]).estimate;
}

describe("the maximum over x at one level", () => {
  it("with D for f: the MAP of the prior covariance C²(C + σ²I)⁻¹", () => {
    const sigma = 0.3;
    const [[a, b], [, c]] = G2.prior.covariances[0];
    const det = (a + sigma ** 2) * (c + sigma ** 2) - b * b;
    const inverse = [
      [(c + sigma ** 2) / det, -b / det],
      [-b / det, (a + sigma ** 2) / det],
    ];
    const times = (p: number[][], q: number[][]) =>
      p.map((row) => q[0].map((_, j) => row.reduce((s, v, k) => s + v * q[k][j], 0)));
    const shrunk = times(
      times(
        [
          [a, b],
          [b, c],
        ],
        [
          [a, b],
          [b, c],
        ],
      ),
      inverse,
    );
    const symmetric = shrunk.map((row, i) => row.map((v, j) => (v + shrunk[j][i]) / 2));
    const posterior = exactPosterior(gaussian(G2.prior.means[0], symmetric), G2.measurement);
    expectClose(summit(sigma, [0], {}), posterior.means[0], 1e-6);
  });
  it("nears the MAP itself as f nears the end of the ODE", () => {
    const sigma = 0.3;
    const error = (steps: number) => {
      const levels = Array.from({ length: steps }, (_, k) => sigma * (1 - (k + 1) / steps) ** 2);
      return Math.hypot(...summit(sigma, levels, {}).map((v, i) => v - map[i]));
    };
    const [one, three, eight] = [error(1), error(3), error(8)];
    expect(three).toBeLessThan(0.7 * one);
    expect(eight).toBeLessThan(0.5 * three);
  });
});

describe("the whole run", () => {
  it("ends near the MAP of G2", () => {
    const x = solveInFloat64({ ...g2, options: { steps: 40, inner: 40, cap: 1e9 } }, 8);
    for (let k = 0; k < 8; k++) expect(Math.hypot(x[2 * k] - map[0], x[2 * k + 1] - map[1])).toBeLessThan(0.05);
  });
  it("finds the highest mode of M1 from most starts", () => {
    const problem = {
      solver: mapga,
      operator: matrixOperator([[0.8]]),
      denoise: mixturePrior(M1.prior).denoise,
      sigmaY: 0.6,
      y: [0.4],
      options: { steps: 40, inner: 30, sigmaMax: 10, cap: 1e9 },
    };
    const near = solveInFloat64(problem, 60).filter((x) => Math.abs(x - 0.8082) < 0.2);
    expect(near.length).toBeGreaterThan(54); // the last levels' noise is not climbed away altogether
  });
  it("takes operators that are not linear: the root of x₁ + x₂/2 squared", () => {
    const { operator } = g2Problem;
    const squared = {
      ...operator,
      linear: false,
      normSquared: 8,
      apply: (x: Parameters<typeof operator.apply>[0]) => operator.apply(x).square(),
    };
    const x = solveInFloat64({ ...g2, operator: squared, y: [1.44], options: { steps: 40, inner: 40 } }, 6);
    for (let k = 0; k < 6; k++) expect(Math.abs(x[2 * k] + 0.5 * x[2 * k + 1])).toBeCloseTo(1.2, 1);
  });
});

it.each([[1], [3]])("runs on ONNX Runtime as in float64, %i Euler steps for f", (odeSteps) =>
  expectEngineAgrees(mapga, { steps: 6, inner: 3, odeSteps }),
);
