import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { encodePadded, latentOperator, latentSpace } from "../../src/latent/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadPrior } from "../../src/node/models.ts";
import { createOperator } from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";
import { findSolver, prepareSolver, runToEnd } from "../../src/solvers/index.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { solveInFloat64 } from "../helpers/float64-solver.ts";

// The same formulas, noise and schedule on ONNX Runtime in float32 and in the float64 evaluator, through a real autoencoder of
// random weights, for a picture that is no multiple of its grid.

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const domain = [1, 3, 7, 10];
const operator = createOperator({ name: "inpaint", mask: { type: "random", missing: 0.3, seed: 2 } }, { domain });
const sigmaY = 0.05;
const common = { steps: 5, sigmaMax: 3 };

const solvers: readonly [string, Record<string, unknown>][] = [
  ["dps", { ...common, zeta: 0.2, clip: false }],
  ["red-diff", { ...common, lr: 0.02 }],
  ["daps", { ...common, steps: 3, odeSteps: 2, inner: 4, tau: 0.2, limit: 0.5, sampler: "hmc" }],
  ["mpgd", { ...common, zeta: 0.2, clip: false }],
  ["psld", { ...common, omega: 0.2, gamma: 0.1, freshNoise: true }],
  ["gml-dps", { ...common, omega: 0.2, gamma: 0.1 }],
  ["p2l", { ...common, zeta: 0.2, every: 2 }],
  [
    "resample",
    { ...common, steps: 6, every: 2, ahead: 1, pixelIterations: 12, latentIterations: 6, lastIterations: 3 },
  ],
  ["latino", { steps: 4, sigmaMax: 3 }],
];

describe("the tiny latent model", () => {
  it.each(solvers)("%s %o", async (name, options) => {
    const prior = await loadPrior(new URL("./golden/tiny-latent/", import.meta.url).pathname);
    const autoencoder = latentSpace(prior);
    const solver = findSolver(name);
    const clean = constant(
      normals({ seed: 1, purpose: "picture" }, 210).map((v) => 0.4 * v),
      domain,
    );
    const [y, z0] = evaluate([operator.apply(clean), encodePadded(autoencoder, clean)]).map(({ data }) => data);

    const prepared = await prepareSolver({ operator, sigmaY, prior }, { solver, options, engine, samples: 2 });
    const start = Float32Array.from(evaluate([clean])[0].data);
    const { pictures, counts } = await runToEnd(prepared, { measurement: Float32Array.from(y), start }, { seed: 5 });
    await prepared.dispose();

    const composed = latentOperator(operator, autoencoder);
    const problem = { solver, options, operator: composed, denoise: prior.denoise, sigmaY };
    const z = solveInFloat64({ ...problem, y: Array.from(y), start: Array.from(z0) }, 1, 5);
    const [exact] = evaluate([composed.latent?.decode(constant(Array.from(z), composed.domain)) ?? clean]);
    expectClose(pictures.subarray(0, 210), exact.data, 2e-3 * Math.max(1, ...Array.from(exact.data, Math.abs)));
    expect(counts.decodes).toBeGreaterThan(0);
  });
});
