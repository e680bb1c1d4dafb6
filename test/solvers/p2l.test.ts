import { describe, expect, it } from "vitest";
import { conditionalUnet, readNetwork } from "../../src/networks/index.ts";
import type { Conditional } from "../../src/priors/prior.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { parseOptions } from "../../src/solvers/index.ts";
import { p2l } from "../../src/solvers/p2l.ts";
import { psld } from "../../src/solvers/psld.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { expectOwnSamples } from "../helpers/batch.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import {
  autoencoder,
  denoise,
  latent,
  nearestPicture,
  residualOf,
  sigmaY,
  start,
  y,
} from "../helpers/linear-latent.ts";
import { goldenNetwork } from "../latent/golden.ts";

const levels = { steps: 12, grid: "karras", sigmaMax: 20, sigmaMin: 0.02 };
const z = [0.5, -0.3, 0.8, 0.1];
const sigma = 0.8;
const none = (_: string, size: number) => new Float64Array(size);

/** Tells the denoiser where the mean lies: two tokens of two numbers shift its input. */
const conditional: Conditional = {
  embedding: constant([0.1, 0, 0, -0.1], [1, 2, 2], "float32"),
  denoise: (x, s, c) => denoise(x.sub(c.tanh().reshape(-1, 2, 1, 2)), s).add(c.tanh().reshape(-1, 2, 1, 2)),
};
const plain = { solver: p2l, operator: latent, denoise, sigmaY, y, start };
const told = { ...plain, conditional };

describe("without a condition to tune", () => {
  it("nor a projection it is latent DPS", () => {
    const options = { ...levels, zeta: 0.7 };
    const dps = solveInFloat64({ ...plain, solver: psld, options: { ...levels, omega: 0.7, gamma: 0 } }, 2, 3);
    expectClose(solveInFloat64({ ...plain, options: { ...options, every: 100 } }, 2, 3), dps, 1e-9);
    const projected = solveInFloat64({ ...plain, options: { ...options, every: 3 } }, 2, 3);
    expect(projected[0]).not.toBeCloseTo(dps[0], 3);
  });

  it("says so", () => {
    expect(p2l.remark?.({})).toMatch("no prompt to tune");
    expect(p2l.remark?.({ conditional })).toBeUndefined();
  });

  it("has no tuning in its schedule", () => {
    const kinds = p2l
      .schedule(parseOptions(p2l, { ...levels, every: 4 }), { sigmaY, operator: latent })
      .map(({ kind }) => kind);
    expect(kinds).toEqual(Array.from({ length: 12 }, (_, i) => (i % 4 === 3 ? "project" : "step")));
  });
});

describe("the projection", () => {
  it.each([
    [0.7, 0.7],
    ["bayes", sigmaY ** 2 / sigma ** 2],
  ] as const)("encodes the solution of the normal equations, λ = %s", (lambda, rho) => {
    const p = prepare({ ...plain, options: { lambda, cgSteps: 12 } }, 1);
    const { estimate } = p.step({ kind: "project", sigma, scalars: { sigma, next: 0.5 } }, { x: z }, none, [
      "estimate",
    ]);
    const [x0] = evaluate([autoencoder.decode(denoise(constant(z, [1, 2, 1, 2]), constant(sigma)))]);
    const [encoded] = evaluate([autoencoder.encode(nearestPicture(Array.from(x0.data), rho)).mean]);
    expectClose(estimate, encoded.data, 1e-9);
  });

  it("is added to the step, which keeps the network's noise", () => {
    const p = prepare({ ...plain, options: { lambda: 0.7, cgSteps: 12 } }, 1);
    const run = (kind: string) =>
      p.step({ kind, sigma, scalars: { sigma, next: 0.5 } }, { x: z }, none, ["next.x", "estimate"]);
    const [free, projected] = [run("step"), run("project")];
    const moved = projected.estimate.map((v, i) => v - free.estimate[i]);
    expectClose(
      projected["next.x"],
      free["next.x"].map((v, i) => v + moved[i]),
      1e-12,
    );
    expect(Math.max(...moved.map(Math.abs))).toBeGreaterThan(0.01);
  });
});

describe("prompt tuning", () => {
  const scalars = (k: number) => ({
    sigma,
    next: 0,
    kept: k ? 1 : 0,
    debias1: 1 - 0.9 ** (k + 1),
    debias2: 1 - 0.999 ** (k + 1),
  });

  it("is Adam on the squared misfit", () => {
    const p = prepare({ ...told, options: { tuningRate: 0.05 } }, 1);
    const squared = (c: readonly number[]) => {
      const x0 = autoencoder.decode(
        conditional.denoise(constant(z, [1, 2, 1, 2]), constant(sigma), constant([...c], [1, 2, 2], "float32")),
      );
      return residualOf(Array.from(evaluate([x0])[0].data)).reduce((s, v) => s + v * v, 0);
    };
    let state: Record<string, ArrayLike<number>> = { x: z, ...p.init(none) };
    state.x = z;
    let [c, m, v] = [
      [0.1, 0, 0, -0.1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    for (let k = 0; k < 3; k++) {
      const next = p.step({ kind: "tune", sigma, scalars: scalars(k) }, state, none, ["next.c", "next.m", "next.v"]);
      state = { ...state, c: next["next.c"], m: next["next.m"], v: next["next.v"] };
      const at = c;
      const h = 1e-6;
      const g = at.map((_, i) => {
        const f = (s: number) => squared(at.map((w, j) => (i === j ? w + s * h : w)));
        return (f(1) - f(-1)) / (2 * h);
      });
      m = m.map((w, i) => 0.9 * w + 0.1 * g[i]);
      v = v.map((w, i) => 0.999 * w + 0.001 * g[i] ** 2);
      c = at.map(
        (w, i) => w - (0.05 * (m[i] / (1 - 0.9 ** (k + 1)))) / (Math.sqrt(v[i] / (1 - 0.999 ** (k + 1))) + 1e-8),
      );
      expectClose(state.c, c, 1e-6);
    }
    expect(squared(c)).toBeLessThan(squared([0.1, 0, 0, -0.1]));
  });

  it("begins anew at each level, and comes before the step", () => {
    const options = parseOptions(p2l, { ...levels, steps: 2, tunings: 3, every: 2 });
    const steps = p2l.schedule(options, { sigmaY, operator: latent, conditional: true });
    expect(steps.map(({ kind }) => kind)).toEqual(["tune", "tune", "tune", "step", "tune", "tune", "tune", "project"]);
    expect(steps.map(({ scalars: s }) => s.kept)).toEqual([0, 1, 1, undefined, 0, 1, 1, undefined]);
  });

  it("a sample does not depend on its batch, with a condition of its own", () => {
    expectOwnSamples({ ...told, options: { ...levels, steps: 6, every: 3, tunings: 2, tuningRate: 0.05, eta: 0.5 } });
  });

  it("lowers what a small network with cross-attention leaves of the data", async () => {
    const { architecture, weights, golden } = await goldenNetwork("unet-text");
    const unet = await readNetwork(weights, (reader) => conditionalUnet(reader, architecture as never));
    const context = golden.tensor("context").narrow(0, 0, 1);
    const x = golden.tensor("x").narrow(0, 0, 1);
    const time = (s: Tensor) => s.reshape(-1).expand([1]);
    const network: Conditional = {
      embedding: context,
      denoise: (u, s, c) => u.sub(unet(u, time(s), { context: c }).mul(s)),
    };
    const [, channels, h, w] = x.shape;
    const operator = {
      ...latent,
      domain: x.shape,
      range: x.shape,
      latent: {
        pictures: { ...latent, latent: undefined, domain: x.shape, range: x.shape, apply: (u: Tensor) => u },
        encode: (u: Tensor) => u,
        decode: (u: Tensor) => u,
      },
      apply: (u: Tensor) => u,
    };
    const at = { x: evaluate([x])[0].data };
    const problem = {
      solver: p2l,
      operator,
      denoise: (u: Tensor, s: Tensor) => network.denoise(u, s, context),
      conditional: network,
      sigmaY: 0.1,
      y: new Array(channels * h * w).fill(0.3),
      options: { tuningRate: 0.2 },
    };
    const p = prepare(problem, 1);
    let state: Record<string, ArrayLike<number>> = { ...p.init(none), ...at };
    const residuals: number[] = [];
    for (let k = 0; k < 8; k++) {
      const next = p.step({ kind: "tune", sigma, scalars: scalars(k) }, state, none, [
        "next.c",
        "next.m",
        "next.v",
        "residual",
      ]);
      state = { ...state, c: next["next.c"], m: next["next.m"], v: next["next.v"] };
      residuals.push(next.residual[0]);
    }
    for (let k = 1; k < residuals.length; k++) expect(residuals[k]).toBeLessThan(residuals[k - 1]);
    expect(residuals.at(-1)).toBeLessThan(0.98 * residuals[0]);
  });
});

it("costs what it does", () => {
  const { runs: _, ...counts } = solverCost(p2l, parseOptions(p2l, { steps: 16 }), latent);
  expect(counts).toEqual({ forwards: 16, vjps: 16, encodes: 2, encodeVjps: 0, decodes: 18, decodeVjps: 16 });
});
