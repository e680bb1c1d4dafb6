import { describe, expect, test } from "vitest";
import { latentOperator } from "../../src/latent/latent-operator.ts";
import { exactMoments, type Mixture } from "../../src/priors/exact.ts";
import { gaussianPrior, mixturePrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { settingsFor } from "../../src/settings/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { noCounts } from "../../src/solvers/counts.ts";
import { parseOptions } from "../../src/solvers/problem.ts";
import { stsl } from "../../src/solvers/stsl.ts";
import { expectClose } from "../helpers/close.ts";
import { expectEngineAgrees } from "../helpers/engine-agreement.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { linearAutoencoder } from "../helpers/linear-autoencoder.ts";
import { denoise, latent, pixelOperator, sigmaY, start, vector, W, y } from "../helpers/linear-latent.ts";
import { matrixOperator } from "../helpers/matrix-operator.ts";
import { G2 } from "../helpers/problems.ts";

const plane: Mixture = {
  weights: [0.4, 0.6],
  means: [
    [1, 0.2],
    [-0.7, -0.4],
  ],
  covariances: [
    [
      [0.3, 0.1],
      [0.1, 0.2],
    ],
    [
      [0.15, 0],
      [0, 0.4],
    ],
  ],
};
const curved = mixturePrior(plane);
const g2 = { solver: stsl, ...g2Problem };
const sigma = 0.7;
const inner = { kind: "inner", sigma, scalars: { sigma, next: 0.3 } };
const noises = (seed: number) => (purpose: string, size: number) => normals({ seed, purpose }, size);
const at = (z: readonly number[]) => ({ z, clean: z, residual: [0] });

/** How far one inner step moves z = (1, 1) on G2. */
function move(options: Record<string, unknown>, seed = 3): number[] {
  const values = prepare({ ...g2, options }, 1).step(inner, at([1, 1]), noises(seed), ["next.z"]);
  return Array.from(values["next.z"], (v) => v - 1);
}

describe("one inner step on the Gaussian problem G2", () => {
  test("descends the norm of the residual in the paper's coordinates", () => {
    const step = (1 + sigma ** 2) / 5;
    expectClose(move({ eta: 0 }), [-0.6967984934 * step, -0.4362837414 * step], 1e-9);
    expectClose(move({ eta: 0, omega: 3, inner: 1 }), [-0.6967984934 * step * 15, -0.4362837414 * step * 15], 1e-8);
  });

  test("with Bayes' weight: the likelihood score over one DDIM step", () => {
    const share = (sigma * (sigma - 0.3)) / 5;
    expectClose(move({ eta: 0, weight: "bayes" }), [-4.7907630251 * share, -2.9996218941 * share], 1e-8);
  });

  test("with the square: the gradient of λ‖·‖²", () => {
    // −½∇‖r‖² is σ_y² times the score
    const step = ((1 + sigma ** 2) / 5) * 2 * 0.01;
    expectClose(move({ eta: 0, weight: "square" }), [-4.7907630251 * step, -2.9996218941 * step], 1e-9);
  });
});

test("an outer step is DDIM's, and keeps the estimate and its residual", () => {
  const values = prepare(g2, 1).step(
    { ...inner, kind: "descend" },
    { z: [1, 1], clean: [0.5, 0.25], residual: [0.6] },
    noises(1),
    ["next.z", "estimate", "residual"],
  );
  const d = [1.1120527307, 0.3134023854];
  expectClose(
    values["next.z"],
    d.map((v) => v + (0.3 / sigma) * (1 - v)),
    1e-9,
  );
  expectClose(values.estimate, [0.5, 0.25], 1e-15);
  expectClose(values.residual, [0.6], 1e-15);
});

test("gluing is nothing where the measurement is met and the decoder's columns are orthonormal", () => {
  const operator = { ...matrixOperator([[1, 0.5]]), pseudoInverse: undefined };
  const problem = {
    ...g2Problem,
    solver: stsl,
    operator,
    denoise: gaussianPrior(
      [1, 0.4],
      [
        [1e-30, 0],
        [0, 1e-30],
      ],
    ).denoise,
  };
  const options = { eta: 0, omega: 0, gluing: 1 };
  const { "next.z": z } = prepare({ ...problem, options }, 1).step(inner, at([1, 1]), noises(1), ["next.z"]);
  expectClose(z, [1, 1], 1e-9); // (1, 0.4) measures 1.2
});

describe("on a Gaussian prior the curvature is constant: STSL(η) is STSL(0)", () => {
  const kinds: [string, Record<string, unknown>][] = [
    ["unit", {}],
    ["unit, five probes", { probes: 5 }],
    ["finite difference", { probe: "finite-difference" }],
    ["matched", { curvature: "matched" }],
    ["matched, finite difference, three probes", { curvature: "matched", probe: "finite-difference", probes: 3 }],
    ["measured", { curvature: "measured" }],
  ];
  const schedule = { steps: 6, inner: 3, omega: 0.3 };

  test.each(kinds)("%s", (_, options) => {
    const without = solveInFloat64({ ...g2, options: { ...schedule, eta: 0 } }, 3, 4);
    expectClose(solveInFloat64({ ...g2, options: { ...schedule, eta: 1, ...options } }, 3, 4), without, 1e-7);
  });

  test("with the paper's η to rounding", () => {
    const without = solveInFloat64({ ...g2, options: { ...schedule, eta: 0 } }, 3, 4);
    expectClose(solveInFloat64({ ...g2, options: schedule }, 3, 4), without, 1e-12);
  });

  test.each(kinds)("and on a mixture it is not: %s", (_, options) => {
    const problem = { ...g2, denoise: curved.denoise };
    const run = (eta: number) =>
      prepare({ ...problem, options: { ...options, eta } }, 1).step(inner, at([0.3, 0.1]), noises(1), ["next.z"])[
        "next.z"
      ];
    expect(Math.abs(run(0.5)[0] - run(0)[0])).toBeGreaterThan(1e-5);
  });

  test("`measured` follows the gradient of the exact E‖y − A z0‖²", () => {
    const problem = { ...g2, denoise: curved.denoise };
    const options = { curvature: "measured", weight: "square", inner: 1, omega: 1, delta: 1e-3 };
    const draws = 4001;
    // The mean over u ~ N(0, 1), on a grid.
    const nodes = Array.from({ length: draws }, (_, i) => -6 + (12 * i) / (draws - 1));
    const p = prepare({ ...problem, options }, draws);
    const z = nodes.flatMap(() => [0.3, 0.1]);
    const moved = p.step(inner, { z, clean: z, residual: nodes }, () => nodes, ["next.z"])["next.z"];
    const weight = (u: number) => ((Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI)) * 12) / (draws - 1);
    const mean = [0, 1].map((j) => nodes.reduce((s, u, i) => s + weight(u) * (moved[2 * i + j] - z[2 * i + j]), 0));
    const expectedSquare = (at: readonly number[]) => {
      const { denoised, jacobian } = exactMoments(plane, at, sigma);
      const [a, b] = G2.measurement.A[0];
      const r = 1.2 - a * denoised[0] - b * denoised[1];
      return r ** 2 + sigma ** 2 * (a * a * jacobian[0][0] + 2 * a * b * jacobian[0][1] + b * b * jacobian[1][1]);
    };
    const h = 1e-4;
    const wanted = [0, 1].map((i) => {
      const moved = (by: number) => [0.3, 0.1].map((v, j) => (i === j ? v + by : v));
      return (-(1 + sigma ** 2) * (expectedSquare(moved(h)) - expectedSquare(moved(-h)))) / (2 * h);
    });
    expectClose(mean, wanted, 2e-3);
  });
});

describe("with a linear decoder STSL on latents is STSL with the matrix A·W", () => {
  test.each<[string, Record<string, unknown>]>([
    ["the paper's settings", {}],
    ["η = 0", { eta: 0 }],
    ["matched", { curvature: "matched", probe: "finite-difference" }],
    ["measured", { curvature: "measured" }],
    ["the square", { weight: "square", omega: 0.1 }],
    ["Bayes", { weight: "bayes", omega: 0.05 }],
    ["DDIM inversion", { noising: "ddim-inversion" }],
    ["from the first guess", { init: "start", anySize: true }],
  ])("%s", (_, options) => {
    const mixture = mixturePrior(
      {
        weights: [0.5, 0.5],
        means: [
          [0.3, -0.2, 0.5, 0.1],
          [-0.5, 0.4, 0, -0.3],
        ],
        covariances: [0.5, 0.3].map((v) => [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? v : v / 4)))),
      },
      { channels: 2 },
    );
    for (const prior of [denoise, mixture.denoise]) {
      const problem = {
        solver: stsl,
        denoise: prior,
        sigmaY,
        y,
        start,
        options: { steps: 5, inner: 3, omega: 0.3, eta: 1e-3, ...options },
      };
      const pixels = solveInFloat64({ ...problem, operator: vector }, 2, 3);
      expectClose(solveInFloat64({ ...problem, operator: latent }, 2, 3), pixels, 1e-9);
      expect(pixels.every(Number.isFinite)).toBe(true);
    }
  });

  test("gluing, where the columns of W are orthonormal", () => {
    const half = 0.5;
    const columns = [
      [half, half],
      [half, -half],
      [half, half],
      [half, -half],
    ];
    const orthonormal = linearAutoencoder(
      1,
      2,
      columns,
      [0, 1].map((k) => columns.map((row) => row[k])),
    );
    expect(W).not.toEqual(columns);
    const operator = latentOperator(pixelOperator, orthonormal);
    const AW = { ...operator, latent: undefined, linear: true };
    const problem = {
      solver: stsl,
      denoise,
      sigmaY,
      y,
      start,
      options: { steps: 5, inner: 2, omega: 0.3, gluing: 0.2 },
    };
    expectClose(
      solveInFloat64({ ...problem, operator }, 2, 3),
      solveInFloat64({ ...problem, operator: AW }, 2, 3),
      1e-9,
    );
  });
});

describe("what a run costs, for each sample", () => {
  const cost = (options: Record<string, unknown>) => {
    const { runs, ...counts } = solverCost(stsl, parseOptions(stsl, options), latent);
    return { runs, counts };
  };

  // 50 levels of 5 inner steps, each at z and at z + ε in one call, and a call for each of the 50 DDIM steps. The encoder sees
  // Aᵀy; the decoder each posterior mean that is compared with y, and the result.
  test("the paper's 50 × 5: 550 forwards, 500 VJPs, 251 decodings", () => {
    expect(cost({})).toEqual({
      runs: 300,
      counts: { ...noCounts, forwards: 550, vjps: 500, encodes: 1, decodes: 251, decodeVjps: 250 },
    });
  });

  test("without curvature: 300 forwards, 250 VJPs", () => {
    const first = { ...noCounts, forwards: 300, vjps: 250, encodes: 1, decodes: 251, decodeVjps: 250 };
    expect(cost({ eta: 0 }).counts).toEqual(first);
    expect(cost({ eta: 0, probes: 4, probe: "finite-difference" }).counts).toEqual(first);
    expect(cost({ eta: 0, init: "start" }).counts).toEqual({ ...first, encodes: 0 });
  });

  test("more probes, DDIM inversion, the other forms of curvature, gluing", () => {
    const { counts } = cost({ probes: 3 });
    expect([counts.forwards, counts.vjps]).toEqual([50 * (5 * 4 + 1), 50 * 5 * 4]);
    const inverted = cost({ noising: "ddim-inversion" });
    expect(inverted.runs).toBe(349);
    expect([inverted.counts.forwards, inverted.counts.vjps, inverted.counts.decodes]).toEqual([599, 500, 252]);
    const [matched, measured] = ["matched", "measured"].map((curvature) => cost({ curvature }).counts);
    expect([matched.forwards, matched.vjps, matched.decodeVjps]).toEqual([550, 500, 500]);
    // Only the derivative at the probe is asked for, and its VJP holds the forward pass.
    expect([measured.forwards, measured.vjps, measured.decodeVjps]).toEqual([300, 500, 500]);
    const glued = cost({ gluing: 0.1 }).counts;
    expect([glued.decodes, glued.encodes, glued.encodeVjps]).toEqual([251, 251, 250]);
  });
});

test("ONNX Runtime agrees with float64, and a sample does not depend on its batch", async () => {
  await expectEngineAgrees(stsl, { steps: 8, inner: 2, omega: 0.3, sigmaMin: 0.1 });
}, 30_000);

describe("DDIM inversion", () => {
  // Up and down again without a measurement.
  const roundTrip = (steps: number) => {
    const problem = { ...g2, operator: { ...g2Problem.operator, linear: false }, start: [1.3, -0.4] }; // no adjoint: from the start
    const options = {
      grid: "karras",
      sigmaMin: 0.05,
      sigmaMax: 10,
      steps,
      inner: 1,
      eta: 0,
      omega: 0,
      noising: "ddim-inversion",
    };
    return solveInFloat64({ ...problem, options });
  };
  const lowest = prepare({ ...g2, options: {} }, 1).step(
    { kind: "finish", sigma: 0.05, scalars: { sigma: 0.05, next: 0 } },
    at([1.3, -0.4]),
    noises(1),
    ["estimate"],
  ).estimate;
  const error = (steps: number) => Math.hypot(...roundTrip(steps).map((v, i) => v - lowest[i]));

  test("up and down again comes back, to first order in the steps", () => {
    const [coarse, fine] = [error(200), error(400)];
    expect(coarse).toBeLessThan(0.05);
    expect(coarse / fine).toBeGreaterThan(1.85);
    expect(coarse / fine).toBeLessThan(2.15);
  });

  test("needs no noise", () => {
    const options = { steps: 4, inner: 1, eta: 0, noising: "ddim-inversion" };
    expect(solveInFloat64({ ...g2, options }, 1, 1)).toEqual(solveInFloat64({ ...g2, options }, 1, 2));
    expect(solveInFloat64({ ...g2, options: { ...options, noising: "noise" } }, 1, 1)).not.toEqual(
      solveInFloat64({ ...g2, options: { ...options, noising: "noise" } }, 1, 2),
    );
  });
});

describe("presets for latent priors", () => {
  const presets = ["fast", "balanced", "best"] as const;
  const chosen = (task: string, preset: (typeof presets)[number], noise: number) =>
    parseOptions(
      stsl,
      settingsFor({ operator: task, preset, sigmaY: noise, solver: "stsl", prior: { settings: "latent" } }).options,
    );

  test("fall to a finite end for every task and noise", () => {
    for (const task of ["inpaint", "super-resolution", "blur", "denoise", "colorize", "hdr"])
      for (const preset of presets)
        for (const noise of [0, 0.02, 1]) {
          const schedule = stsl.schedule(chosen(task, preset, noise), { sigmaY: noise, operator: latent });
          expect(schedule.every(({ scalars: { sigma: from, next } }) => Number(from) > Number(next))).toBe(true);
        }
  });

  test("cost more the better they are, and the fast one no second evaluation", () => {
    const [fast, balanced, best] = presets.map((p) => solverCost(stsl, chosen("blur", p, 0.02), latent));
    expect(fast.vjps).toBe(fast.decodeVjps);
    expect(balanced.vjps).toBeGreaterThan(2 * fast.vjps);
    expect(best.vjps).toBeGreaterThan(2 * balanced.vjps);
  });
});
