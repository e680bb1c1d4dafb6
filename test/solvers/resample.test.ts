import { describe, expect, it } from "vitest";
import { createSchedule } from "../../src/diffusion/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { parseOptions } from "../../src/solvers/index.ts";
import { psld } from "../../src/solvers/psld.ts";
import { resample } from "../../src/solvers/resample.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectOwnSamples } from "../helpers/batch.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare } from "../helpers/float64-solver.ts";
import { A, AD, autoencoder, denoise, latent, residualOf, sigmaY, start, y } from "../helpers/linear-latent.ts";

const problem = { solver: resample, operator: latent, denoise, sigmaY, y, start };
const none = (_: string, size: number) => new Float64Array(size);
const facts = { sigmaY, operator: latent };
const z = [0.5, -0.3, 0.8, 0.1];

function first(options: Record<string, unknown>, samples = 1) {
  const p = prepare({ ...problem, options }, samples);
  return { p, state: p.init(none), schedule: p.schedule };
}

describe("resampling", () => {
  const [t, s] = [600, 580];
  const { alphaBar, sigma } = createSchedule({ type: "scaled-linear" });
  const fitted = [1, -0.5, 0.2, 0.7];
  const n = [0.4, 1.1, -0.7, 0.2];

  it("is the published formula in variance-preserving latents", () => {
    const { p, state } = first({});
    const step = { kind: "resample", sigma: sigma[t], scalars: { sigma: sigma[t], next: sigma[s] } };
    const { "next.x": got } = p.step(step, { ...state, x: z, z: fitted }, () => n, ["next.x"]);
    const [at, as] = [alphaBar[t], alphaBar[s]];
    const kappa = ((40 * (1 - as)) / (1 - at)) * (1 - at / as);
    const expected = z.map((v, i) => {
      const vp = Math.sqrt(as) * v; // √ᾱ_s of variance-exploding latents
      const mean = (kappa * Math.sqrt(as) * fitted[i] + (1 - as) * vp) / (kappa + 1 - as);
      return (mean + n[i] * Math.sqrt(1 / (1 / kappa + 1 / (1 - as)))) / Math.sqrt(as);
    });
    expectClose(got, expected, 1e-12);
  });

  it("weighs the fit with κ and the noisy latent with σ'², κ over DDPM's variance", () => {
    const { p, state } = first({ kappa: 3 });
    const [high, next] = [0.8, 0.5];
    const kappa = (3 * next ** 2 * (high ** 2 - next ** 2)) / high ** 2;
    const step = { kind: "resample", sigma: high, scalars: { sigma: high, next } };
    const one = p.step(step, { ...state, x: z, z: fitted }, none, ["next.x", "estimate"]);
    const precision = 1 / kappa + 1 / next ** 2;
    expectClose(
      one["next.x"],
      z.map((v, i) => (fitted[i] / next ** 2 + v / kappa) / precision),
      1e-12,
    );
    expectClose(one.estimate, fitted, 1e-15);
  });
});

describe("guidance", () => {
  it("is latent DPS with ½ᾱ for its step", () => {
    const [sigma, next] = [0.8, 0.5];
    const scalars = { sigma, next };
    const { p, state } = first({});
    const got = p.step({ kind: "guide", sigma, scalars }, { ...state, x: z }, none, ["next.x", "next.z", "estimate"]);
    const dps = prepare({ ...problem, solver: psld, options: { omega: 0.5 / (1 + sigma ** 2), gamma: 0 } }, 1);
    const wanted = dps.step({ kind: "step", sigma, scalars }, { x: z }, none, ["next.x", "estimate"]);
    expectClose(got["next.x"], wanted["next.x"], 1e-12);
    expectClose(got["next.z"], wanted.estimate, 1e-12);
  });

  it("hands over the latent itself at the end", () => {
    const { p, state } = first({});
    const step = { kind: "guide", sigma: 0.03, scalars: { sigma: 0.03, next: 0 } };
    const got = p.step(step, { ...state, x: z }, none, ["next.x", "next.z"]);
    expectClose(got["next.z"], got["next.x"], 1e-15);
  });
});

it("looks ahead with unguided steps of a copy", () => {
  const { p, state } = first({});
  const ahead = (from: Record<string, ArrayLike<number>>, sigma: number, next: number, fresh: number) =>
    p.step({ kind: "ahead", sigma, scalars: { sigma, next, fresh } }, from, none, ["next.x", "next.ahead", "next.z"]);
  const one = ahead({ ...state, x: z, ahead: [9, 9, 9, 9] }, 0.8, 0.6, 1);
  const two = ahead({ ...state, x: z, ahead: one["next.ahead"] }, 0.6, 0.4, 0);
  const D = (x: ArrayLike<number>, s: number) =>
    Array.from(evaluate([denoise(constant(Array.from(x), [1, 2, 1, 2]), constant(s))])[0].data);
  const d1 = D(z, 0.8);
  const copy = z.map((v, i) => d1[i] + (0.6 / 0.8) * (v - d1[i]));
  expectClose(one["next.ahead"], copy, 1e-12);
  expectClose(two["next.z"], D(copy, 0.6), 1e-12);
  expect([...two["next.x"]]).toEqual(z);
});

/** AdamW by hand on mean squares, with the gradient in closed form. */
function adamW(
  x0: readonly number[],
  M: readonly (readonly number[])[],
  { rate, count, tolerance = 0 }: { rate: number; count: number; tolerance?: number },
): number[] {
  let x = [...x0];
  const [m, v] = [x.map(() => 0), x.map(() => 0)];
  for (let k = 1; k <= count; k++) {
    const r = M.map((row, i) => row.reduce((s, a, j) => s + a * x[j], 0) - y[i]);
    const loss = r.reduce((s, w) => s + w * w, 0) / r.length;
    x = x.map((w, j) => {
      const g = (2 / r.length) * M.reduce((s, row, i) => s + row[j] * r[i], 0);
      m[j] = 0.9 * m[j] + 0.1 * g;
      v[j] = 0.999 * v[j] + 0.001 * g * g;
      const step = m[j] / (1 - 0.9 ** k) / (Math.sqrt(v[j] / (1 - 0.999 ** k)) + 1e-8);
      return w - rate * 0.01 * w - rate * step;
    });
    if (loss < tolerance) break;
  }
  return x;
}

describe("hard consistency", () => {
  /** Runs one fit as the schedule has it. */
  function runFit(kind: "pixel" | "latent", options: Record<string, unknown>) {
    const { p, state, schedule } = first({ steps: 3, every: 1, begin: 0, ahead: 0, ...options });
    const end = kind === "pixel" ? "encode" : "resample";
    const from = schedule.findIndex((step) => step.kind === kind);
    const to = schedule.findIndex((step, i) => i > from && step.kind === end);
    let at: Record<string, ArrayLike<number>> = { ...state, z };
    for (const step of schedule.slice(from, to)) {
      const values = p.step(
        step,
        at,
        none,
        p.stateNames.map((name) => `next.${name}`),
      );
      at = Object.fromEntries(p.stateNames.map((name) => [name, values[`next.${name}`]]));
    }
    return { at, runs: to - from };
  }

  it("in pixels is AdamW from the decoded latent, whatever is left over of the last run", () => {
    const picture = Array.from(evaluate([autoencoder.decode(constant(z, [1, 2, 1, 2]))])[0].data);
    const { at, runs } = runFit("pixel", { turn: 1, pixelIterations: 23, pixelRate: 0.02 });
    expect(runs).toBe(3); // of ten iterations, the last of three
    expectClose(at.p, adamW(picture, A, { rate: 0.02, count: 23 }), 1e-9);
    expectClose(at.z, z, 1e-15);
    expect(Math.hypot(...residualOf(Array.from(at.p)))).toBeLessThan(0.5 * Math.hypot(...residualOf(picture)));
  });

  it("in latents is AdamW through the decoder", () => {
    const { at } = runFit("latent", { turn: 0, latentIterations: 13, lastIterations: 0, latentRate: 0.02 });
    // Latents [1, 2, 1, 2] lie in memory as the four numbers that the matrix AD takes.
    expectClose(at.z, adamW(z, AD, { rate: 0.02, count: 13 }), 1e-9);
  });

  it("stops where the tolerance is reached: the step that finds it so is the last", () => {
    const tolerance = 0.3;
    const free = adamW(z, AD, { rate: 0.05, count: 60 });
    const held = adamW(z, AD, { rate: 0.05, count: 60, tolerance });
    expect(Math.abs(held[0] - free[0])).toBeGreaterThan(1e-3);
    const { at } = runFit("latent", { turn: 0, latentIterations: 60, lastIterations: 0, latentRate: 0.05, tolerance });
    expectClose(at.z, held, 1e-9);
    expect(at.alive[0]).toBe(0);
  });

  it("stops at the noise on request", () => {
    const options = { turn: 0, latentIterations: 60, lastIterations: 0, latentRate: 0.05, tolerance: "noise" };
    const { at } = runFit("latent", options);
    expectClose(at.z, adamW(z, AD, { rate: 0.05, count: 60, tolerance: sigmaY ** 2 }), 1e-9);
  });

  it("gives up where `patience` iterations brought nothing", () => {
    // A step far too long: the loss swings instead of falling.
    const options = { turn: 0, latentIterations: 40, lastIterations: 0, latentRate: 30, patience: 10 };
    const { at } = runFit("latent", options);
    expect(at.alive[0]).toBe(0);
    const calm = runFit("latent", { ...options, latentRate: 0.01 });
    expect(calm.at.alive[0]).toBe(1);
  });

  it("each sample of a batch stops on its own", () => {
    const { p, state, schedule } = first(
      { steps: 3, every: 1, begin: 0, turn: 0, ahead: 0, latentIterations: 5, tolerance: 0.3 },
      2,
    );
    const solved = adamW(z, AD, { rate: 0.05, count: 200 });
    const step = schedule.find(({ kind }) => kind === "latent");
    if (!step) throw new Error("no fit");
    const { "next.alive": alive } = p.step(step, { ...state, z: [...solved, ...z.map((v) => 10 * v)] }, none, [
      "next.alive",
    ]);
    expect([...alive]).toEqual([0, 1]);
  });
});

describe("the schedule", () => {
  it("fits every tenth level after the first third, in pixels, then in latents, and once more at the end", () => {
    const steps = resample.schedule(
      parseOptions(resample, { pixelIterations: 10, latentIterations: 5, lastIterations: 5 }),
      facts,
    );
    const guides = steps.filter(({ kind }) => kind === "guide");
    expect(guides).toHaveLength(500);
    // index = 499 − i; 334 ≥ index > 0, divisible by ten: 330 … 170 in pixels, 160 … 10 in latents.
    expect(steps.filter(({ kind }) => kind === "encode")).toHaveLength(17);
    expect(steps.filter(({ kind }) => kind === "resample")).toHaveLength(16);
    expect(steps.filter(({ kind }) => kind === "ahead")).toHaveLength(5 * 33);
    expect(steps.at(-1)?.kind).toBe("latent");
    const at = steps.findIndex(({ kind }) => kind === "ahead");
    const kinds = steps.slice(at - 1, at + 7).map(({ kind }) => kind);
    expect(kinds).toEqual(["guide", "ahead", "ahead", "ahead", "ahead", "ahead", "pixel", "encode"]);
    expect(steps[at].sigma).toBe(steps[at - 1].scalars.next);
    expect(steps[at + 6].sigma).toBe(steps[at - 1].sigma);
  });

  it("counts what it costs", () => {
    const few = { steps: 30, every: 5, pixelIterations: 20, latentIterations: 10, lastIterations: 5, ahead: 2 };
    const { runs: _, ...counts } = solverCost(resample, parseOptions(resample, few), latent);
    // 30 levels; fits at index 20, 15 and 10 in pixels and at 5 in latents, two levels looked ahead at each.
    expect(counts).toMatchObject({ forwards: 30 + 8, vjps: 30, encodes: 3, encodeVjps: 0 });
    expect(counts.decodeVjps).toBe(30 + 10 + 5);
  });
});

it("a sample does not depend on its batch", () => {
  const options = { steps: 12, every: 3, pixelIterations: 4, latentIterations: 3, lastIterations: 3, ahead: 1 };
  expectOwnSamples({ ...problem, options });
});
