import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calibrate } from "../../../src/bench/calibrate/calibrate.ts";
import { type Calibration, pool } from "../../../src/bench/calibrate/coverage.ts";
import { calibrationTable, renderCalibration } from "../../../src/bench/calibrate/report.ts";
import { type CalibrateRequest, runCalibration } from "../../../src/bench/calibrate/run.ts";
import { parseBench, planBench } from "../../../src/bench/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { createEngine } from "../../../src/node/engine.ts";
import { createOperator } from "../../../src/operators/index.ts";
import { isotropicPrior } from "../../../src/priors/index.ts";
import { normals } from "../../../src/random/index.ts";
import { findSolver } from "../../../src/solvers/index.ts";
import { scratch, trial, writePictures } from "../helpers.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/*
 * Independent pixels x ~ N(0, 1), y = x + n with σ_y = 0.5: κ = c/σ_y² = 4. The posterior is N(0.8 y, 0.2). DPS with the
 * plain likelihood weight draws N((1 − e^−κ) y, (1 − e^−2κ)/2κ) in the limit of many steps: too narrow, and too far.
 */
const sigmaY = 0.5;
const kappa = 4;
const side = 12;

async function gaussianCase(solver: string, options: Record<string, unknown>): Promise<Calibration> {
  const shape = [1, 3, side, side];
  const n = 3 * side * side;
  const cases = Array.from({ length: 6 }, (_, sample) => {
    const truth = normals({ seed: 5, sample, purpose: "truth" }, n);
    const noise = normals({ seed: 5, sample, purpose: "noise" }, n);
    return { truth, measurement: truth.map((v, i) => v + sigmaY * noise[i]), seed: sample };
  });
  const operator = createOperator({ name: "denoise" }, { domain: shape });
  const prior = isotropicPrior(0, 1);
  const request = { solver: findSolver(solver), options, operator, sigmaY, prior, engine, samples: 39 };
  return pool(await calibrate(cases, request), 39);
}

/** P(|N(0, s²)| < z) */
const inside = (z: number, s: number) => 1 - 2 * upperTail(z / s);

/** Q(x) by Simpson's rule. */
function upperTail(x: number): number {
  const [steps, end] = [2000, 10];
  const h = (end - x) / steps;
  const f = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = f(x) + f(end);
  for (let k = 1; k < steps; k++) sum += (k % 2 ? 4 : 2) * f(x + k * h);
  return (sum * h) / 3;
}

/** Half widths of the central intervals of N(0, 1). */
const quantiles = [0.6744898, 1.2815516, 1.6448536, 1.959964];

describe("calibration on an exact Gaussian case", () => {
  const many = { steps: 100, sigmaMin: 0.01, sigmaMax: 30, clip: false, eta: 1 };

  it("finds nominal coverage where the sampling is exact", async () => {
    const { levels, spreadSkill, pixels } = await gaussianCase("exact-covariance", many);
    expect(pixels).toBe(6 * 3 * side * side);
    for (const { level, covered, standardError } of levels) {
      expect(Math.abs(covered - level)).toBeLessThan(0.03);
      expect(standardError).toBeLessThan(0.02);
    }
    expect(Math.abs(spreadSkill - 1)).toBeLessThan(0.05);
  });

  it("finds the predicted overconfidence of DPS", async () => {
    const { levels, spreadSkill } = await gaussianCase("dps", { ...many, weight: "bayes" });
    const gain = 1 - Math.exp(-kappa);
    const variance = (1 - Math.exp(-2 * kappa)) / (2 * kappa);
    // Error of the drawn mean: the posterior's own spread, and the distance of the two means over all y.
    const error = Math.sqrt(0.2 + (gain - 0.8) ** 2 * (1 + sigmaY ** 2));
    levels.forEach(({ level, covered }, l) => {
      const predicted = inside(quantiles[l] * Math.sqrt(variance), error);
      expect(predicted).toBeLessThan(level - 0.1);
      expect(Math.abs(covered - predicted), `${level}`).toBeLessThan(0.03);
    });
    expect(Math.abs(spreadSkill - Math.sqrt(variance) / error)).toBeLessThan(0.05);
  });
});

describe("runCalibration", () => {
  const solvers = ["classical", { solver: "red-diff" }, { solver: "dps", options: { steps: 2, sigmaMax: 1 } }];

  it("keeps finished pictures, goes on after an interruption, and says who has no intervals", async () => {
    const folder = await scratch();
    await writePictures(folder, [
      [16, 16],
      [16, 16],
    ]);
    const spec = parseBench({ ...trial, solvers }, join(folder, "trial.json"));
    const plan = await planBench(spec, { versions: {} });
    const run = (more: Partial<CalibrateRequest> = {}) => runCalibration({ plan, samples: 5, folder, engine, ...more });
    const stop = new AbortController();
    const stopped = await run({
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 1) stop.abort();
      },
    });
    expect(stopped).toMatchObject({ stopped: true, missing: 3 });
    const seen: string[] = [];
    const rest = await run({ onProgress: ({ task, picture }) => seen.push(`${task} ${picture}`) });
    expect(new Set(seen)).toEqual(new Set(["box b", "twice a", "twice b"]));
    expect(rest).toMatchObject({ stopped: false, missing: 0 });
    const again = await run();
    expect(again.rows).toEqual(rest.rows);
    const fresh = await scratch();
    expect((await run({ folder: fresh })).rows).toEqual(rest.rows);

    expect(
      rest.rows.map(({ task, solver, reason, calibration }) => [task, solver, reason ?? calibration?.pictures]),
    ).toEqual([
      ["box", "classical", "gives one estimate"],
      ["box", "red-diff", "seeks one picture, draws no samples"],
      ["box", "dps (own)", 2],
      ["twice", "classical", "gives one estimate"],
      ["twice", "red-diff", "seeks one picture, draws no samples"],
      ["twice", "dps (own)", 2],
    ]);
    expect(calibrationTable(rest.rows)).toMatch(/dps \(own\) +\d+\.\d ±\d/);
    const html = await renderCalibration("Trial", rest.rows, 5);
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).not.toMatch(/<script|https?:/);
    await expect(run({ selection: { solvers: ["nobody"] } })).rejects.toThrow(
      /--solvers: expected one of .*got nobody/,
    );
  });
});
