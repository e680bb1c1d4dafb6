import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import type { Operator } from "../../src/operators/operator.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { noCounts } from "../../src/solvers/counts.ts";
import { keepKnown } from "../../src/solvers/keep-known.ts";
import type { Problem } from "../../src/solvers/problem.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import { findSolver, listSolvers } from "../../src/solvers/registry.ts";
import { type Progress, solve } from "../../src/solvers/solve.ts";
import { constant } from "../../src/tensor/index.ts";

const [h, w] = [5, 7];
const n = 3 * h * w;
const mask = Float32Array.from({ length: h * w }, (_, i) => (i % 3 === 0 ? 0 : 1));
const known = constant(mask, [1, 1, h, w]);
const inpaint: Operator = {
  name: "inpaint",
  domain: [1, 3, h, w],
  range: [1, 3, h, w],
  linear: true,
  apply: (x) => x.mul(known),
  solveGram: (y, lambda) => y.div(lambda.add(known)),
  pseudoInverse: (y) => y.mul(known),
  svd: { vt: (x) => x, v: (x) => x, ut: (y) => y, u: (y) => y, singularValues: known },
  known,
  observed: known,
  normSquared: 1,
  toJSON: () => ({ name: "inpaint" }),
};
const picture = normals({ seed: 1, purpose: "picture" }, n).map((v) => 0.3 * v);
const measurement = picture.map((v, i) => v * mask[i % (h * w)]);
const problem: Problem = {
  operator: inpaint,
  measurement,
  sigmaY: 0.1,
  prior: isotropicPrior(0, 0.09),
  start: measurement,
};
const small: Record<string, Record<string, unknown>> = {
  "red-diff": { steps: 6 },
  "vml-map": { steps: 4, inner: 2, precondition: "data", reverse: "renoise" },
  stsl: { steps: 3, inner: 2 },
  dps: { steps: 6 },
  pigdm: { steps: 6 },
  "exact-covariance": { steps: 4 },
  ddrm: { steps: 6 },
  ddnm: { steps: 6, travelLength: 2, travelRepeat: 2 },
  mcg: { steps: 6 },
  mpgd: { steps: 6 },
  diffpir: { steps: 6 },
  daps: { steps: 3, inner: 4, odeSteps: 2 },
  "pnp-flow": { steps: 4, average: 2 },
  "ot-ode": { steps: 6 },
  mapga: { steps: 4, inner: 2 },
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const run = (name: string, more: Partial<Parameters<typeof solve>[1]> = {}, p: Problem = problem) =>
  solve(p, { solver: findSolver(name), options: small[name], engine, ...more });

describe.each(Object.keys(small))("%s in the driver", (name) => {
  it("gives the same bytes for the same seed, others for another", async () => {
    const [a, b, c] = [await run(name, { seed: 7 }), await run(name, { seed: 7 }), await run(name, { seed: 8 })];
    expect(a.pictures).toEqual(b.pictures);
    expect(a.pictures).not.toEqual(c.pictures);
    expect(a.pictures.every(Number.isFinite)).toBe(true);
  });

  it("draws each sample as if it were alone", async () => {
    const both = await run(name, { seed: 7, samples: 2 });
    const second = await run(name, { seed: 7, firstSample: 1 });
    both.pictures.slice(n).forEach((v, i) => {
      expect(v).toBeCloseTo(second.pictures[i], 5);
    });
  });

  it("reports every step, the residual and what it should be", async () => {
    const events: Progress[] = [];
    const { steps, residuals, expectedResidual } = await run(name, { onProgress: (p) => events.push(p) });
    expect(events.map((e) => e.step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(events.at(-1)?.residual).toBe(residuals[0]);
    expect(expectedResidual).toBeCloseTo(0.1 * Math.sqrt(3 * mask.filter((v) => v > 0).length), 6);
  });

  it("stops within one step and keeps the picture it has", async () => {
    const controller = new AbortController();
    const { stopped, steps, pictures } = await run(name, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 2 && controller.abort(),
    });
    expect({ stopped, steps }).toEqual({ stopped: true, steps: 2 });
    expect(pictures).toHaveLength(n);
  });

  it("leaves noiseless measured pixels as they were when they are put back", async () => {
    const clean = { ...problem, sigmaY: 0 };
    const { pictures } = await run(name, {}, clean);
    keepKnown(inpaint, 0, measurement, pictures).forEach((v, i) => {
      if (mask[i % (h * w)] > 0) expect(v).toBe(measurement[i]);
    });
  });
});

describe("counts are read from the graph", () => {
  it.each([
    ["red-diff", { steps: 6 }, { forwards: 6, vjps: 0 }],
    ["red-diff", { steps: 6, parallel: 2 }, { forwards: 12, vjps: 0 }],
    ["vml-map", { steps: 4, inner: 2 }, { forwards: 12, vjps: 8 }],
    ["dps", { steps: 6 }, { forwards: 6, vjps: 6 }],
    ["stsl", { steps: 3, inner: 2 }, { forwards: 15, vjps: 12 }],
    ["stsl", { steps: 3, inner: 2, eta: 0 }, { forwards: 9, vjps: 6 }],
    ["diffpir", { steps: 6 }, { forwards: 6, vjps: 0 }],
    ["daps", { steps: 6, odeSteps: 3 }, { forwards: 18, vjps: 0 }],
    ["pnp-flow", { steps: 6 }, { forwards: 30, vjps: 0 }],
    ["ot-ode", { steps: 10 }, { forwards: 8, vjps: 8 }],
    ["mapga", { steps: 4, inner: 2 }, { forwards: 12, vjps: 8 }],
  ])("%s %o", async (name, options, counts) => {
    expect((await run(name, { options })).counts).toEqual({ ...noCounts, ...counts });
  });
});

describe("counts are known beforehand", () => {
  it.each(Object.keys(small))("%s", async (name) => {
    const solver = findSolver(name);
    const { runs: _, ...counts } = solverCost(solver, parseOptions(solver, small[name]), inpaint);
    expect((await run(name)).counts).toEqual(counts);
  });
});

describe("refusals", () => {
  it("names an option the solver does not know", async () => {
    await expect(run("dps", { options: { zetta: 1 } })).rejects.toMatchObject({
      code: "invalid-option",
      got: '"zetta"',
    });
  });
  it("names an option whose value is wrong", async () => {
    await expect(run("dps", { options: { zeta: Number.NaN } })).rejects.toThrow(
      /dps\.zeta: expected a finite number, got NaN/,
    );
  });
  it("refuses a measurement of another size", async () => {
    await expect(run("dps", {}, { ...problem, measurement: new Float32Array(3) })).rejects.toMatchObject({
      code: "size-mismatch",
    });
  });
  it("refuses values that are not finite", async () => {
    const bad = measurement.with(4, Number.NaN);
    await expect(run("dps", {}, { ...problem, measurement: bad })).rejects.toThrow("got NaN at 4");
  });
  it("refuses a non-linear operator where a linear one is needed", async () => {
    await expect(run("vml-map", {}, { ...problem, operator: { ...inpaint, linear: false } })).rejects.toMatchObject({
      code: "invalid-operator",
    });
  });
  it("says when an iteration diverges", async () => {
    const steps = { steps: 30, inner: 30, gamma: 1e30, cap: 1e38 };
    await expect(run("vml-map", { options: steps })).rejects.toMatchObject({ code: "numerical-failure" });
  });
  it("lists the solvers for a name that is none of them", () => {
    expect(() => findSolver("ddpm")).toThrow(/expected one of .*red-diff/);
    expect(new Set(listSolvers().map((s) => s.name)).size).toBe(listSolvers().length);
  });
});

describe("posterior-mean", () => {
  const identity: Operator = { ...inpaint, name: "denoise", apply: (x) => x, known: undefined, observed: undefined };
  it("is the denoiser at the noise level of the measurement", async () => {
    const { pictures, counts } = await run("posterior-mean", {}, { ...problem, operator: identity });
    pictures.forEach((v, i) => {
      expect(v).toBeCloseTo((measurement[i] * 0.09) / (0.09 + 0.01), 5);
    });
    expect(counts).toEqual({ ...noCounts, forwards: 1 });
  });
  it("returns a noiseless measurement as it is", async () => {
    const { pictures } = await run("posterior-mean", {}, { ...problem, operator: identity, sigmaY: 0 });
    expect(pictures).toEqual(measurement);
  });
  it("sends other tasks elsewhere", async () => {
    await expect(run("posterior-mean")).rejects.toMatchObject({ code: "invalid-operator" });
  });
});
