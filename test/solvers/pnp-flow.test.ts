import { describe, expect, it } from "vitest";
import { gaussianPrior } from "../../src/priors/index.ts";
import { pnpFlow } from "../../src/solvers/pnp-flow.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { prepare, propagate } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";

const g2 = { solver: pnpFlow, ...g2Problem };
const oneNumber = {
  solver: pnpFlow,
  operator: matrixOperator([[0.7]]),
  denoise: gaussianPrior([0.4], [[0.5]]).denoise,
  sigmaY: 0.2,
  y: [1],
};

describe("one step on G2, at σ = 0.7", () => {
  const scalars = { sigma: 0.7, rate: 0.25, blend: 1 };
  // x is chosen so that x − rate·∇ = (1, 1)
  const residual = (1.5 - 1.2) / (1 - 0.25 * 1.25); // a·x − y, from a·z − y = (1 − rate‖a‖²)(a·x − y)
  const x = [1 + 0.25 * residual, 1 + 0.125 * residual];
  const run = (eps: number[]) =>
    prepare(g2, 1).step({ kind: "first", sigma: 0.7, scalars }, { x, z: [0, 0] }, () => eps, ["next.x", "next.z"]);
  it("moves towards the data, then denoises at σ", () => {
    const { "next.x": d, "next.z": z } = run([0, 0]);
    expectClose(z, [1, 1], 1e-12);
    expectClose(d, [1.1120527307, 0.3134023854], 1e-9);
  });
  it("denoises on the path: what is added is σ·ε", () => {
    const { "next.x": d } = run([1, 0]);
    expectClose(d, [1.1120527307 + 0.7 * 0.5649717514, 0.3134023854 + 0.7 * 0.263653484], 1e-9);
  });
});

describe("the schedule", () => {
  const steps = (options: Record<string, unknown>, operator = g2Problem.operator) =>
    pnpFlow.schedule(pnpFlow.options.parse(options), { operator, sigmaY: 0.1 });
  it("walks t = i/N with σ = (1−t)/t, five noises each, lr(1−t)^α long", () => {
    const list = steps({ steps: 4, alpha: 2, sigmaMax: 50 });
    expect(list.map((s) => s.kind)).toEqual(
      Array(4)
        .fill(["first", ...Array(4).fill("again")])
        .flat(),
    );
    const firsts = list.filter((s) => s.kind === "first");
    expectClose(
      firsts.map((s) => s.sigma),
      [50, 3, 1, 1 / 3],
      1e-12,
    );
    expectClose(
      firsts.map((s) => s.scalars.rate as number),
      [1, 0.75, 0.5, 0.25].map((v) => v ** 2 / 1.25), // ‖A‖² = 1.25
      1e-12,
    );
    expectClose(
      list.slice(0, 5).map((s) => s.scalars.blend as number),
      [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5],
      1e-12,
    );
  });
  it("is for operators of norm 1: others have their steps divided by ‖A‖²", () => {
    const [first] = steps({ startTime: 0.5 }, matrixOperator([[0.1]]));
    expect(first.scalars.rate).toBeCloseTo(50, 10);
  });
});

// For N(μ, c) and gain a: z = x − γ a(a x − y), γ = (1−t)/a², x' = μ + j(z − μ) + jσ·mean(ε), j = c/(c + σ²).
it("follows the recursion of a Gaussian number, exactly", () => {
  const [mu, c, a, y] = [0.4, 0.5, 0.7, 1];
  const [steps, average] = [25, 3];
  let [mean, variance] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const t = i / steps;
    const sigma = t > 0 ? (1 - t) / t : 80;
    const j = c / (c + sigma ** 2);
    const rate = (1 - t) / a ** 2;
    const shrink = j * (1 - rate * a ** 2);
    mean = mu + shrink * mean + j * (rate * a * y - mu);
    variance = shrink ** 2 * variance + (j * sigma) ** 2 / average;
  }
  const options = { steps, average };
  const got = propagate({ ...oneNumber, options }, { mean: [0], variance: 0 });
  expectClose(got.mean, [mean], 1e-10);
  expectClose(got.covariance[0], [variance], 1e-10);
});

it("forgets where it started", () => {
  const end = (start: number) => propagate(oneNumber, { mean: [start], variance: 0 }).mean;
  expectClose(end(0), end(1), 1e-4);
});

it("runs on ONNX Runtime as in float64", () => expectEngineAgrees(pnpFlow, { steps: 12, average: 2 }));
