import { describe, expect, it } from "vitest";
import { latentOperator } from "../../src/latent/latent-operator.ts";
import { createOperator } from "../../src/operators/index.ts";
import { adjoint, type Operator } from "../../src/operators/operator.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { dps } from "../../src/solvers/dps.ts";
import { gmlDps } from "../../src/solvers/gml-dps.ts";
import { parseOptions } from "../../src/solvers/index.ts";
import { psld } from "../../src/solvers/psld.ts";
import type { Solver } from "../../src/solvers/solver.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { expectOwnSamples } from "../helpers/batch.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { linearAutoencoder } from "../helpers/linear-autoencoder.ts";
import { autoencoder, denoise, latent, pixelOperator, sigmaY, start, vector, y } from "../helpers/linear-latent.ts";

const levels = { steps: 12, grid: "karras", sigmaMax: 20, sigmaMin: 0.02 };

describe.each([
  ["PSLD", psld as Solver<never>],
  ["GML-DPS", gmlDps as Solver<never>],
])("%s", (_, solver) => {
  it("without gluing is DPS on A·W, for a linear decoder", () => {
    const common = { denoise, sigmaY, y, start };
    const plain = { ...levels, zeta: 0.7, eta: 0, clip: false };
    const { grid: _grid, ...own } = plain;
    const pixel = solveInFloat64({ ...common, solver: dps, operator: vector, options: own }, 2, 3);
    const options = { ...levels, omega: 0.7, gamma: 0 };
    const glueless = solveInFloat64({ ...common, solver, operator: latent, options }, 2, 3);
    expectClose(glueless, pixel, 1e-9);
  });

  it("a sample does not depend on its batch, and the same seed gives the same", () => {
    expectOwnSamples({ solver, operator: latent, denoise, sigmaY, y, start, options: { ...levels, eta: 0.5 } });
  });

  it("costs one pass through each network and its VJP for each step", () => {
    const { runs, ...counts } = solverCost(solver, parseOptions(solver, { steps: 7 }));
    expect(counts).toEqual({
      forwards: 7,
      vjps: 7,
      encodes: 7,
      encodeVjps: 7,
      decodes: 7,
      decodeVjps: 7,
    });
    const free = solverCost(solver, parseOptions(solver, { steps: 7, gamma: 0 }));
    expect(free).toMatchObject({ encodes: 0, encodeVjps: 0, decodes: 7, decodeVjps: 7 });
  });
});

// Curved in every part, so that no term of the gradient can be left out unseen.
const curved = {
  ...autoencoder,
  linear: false,
  encode: (x: Tensor) => ({ mean: autoencoder.encode(x.add(x.square().mul(0.1))).mean }),
  decode: (z: Tensor) => autoencoder.decode(z.add(z.sin().mul(0.3))),
};
const operator = latentOperator(pixelOperator, curved);
const bent = (z: Tensor, sigma: Tensor) => denoise(z.add(z.cos().mul(0.2)), sigma);

/** ω‖y − A x̂0‖ + γ‖ẑ0 − encode(Aᵀy + x̂0 − AᵀA x̂0)‖ by hand, at one z. */
function publishedError(z: readonly number[], sigma: number, [omega, gamma]: number[], glued: "psld" | "gml") {
  const z0 = bent(constant(z, [1, 2, 1, 2]), constant(sigma));
  const x0 = curved.decode(z0);
  const measured = pixelOperator.apply(x0);
  const target = constant(y, [1, 1, 1, 3]);
  const picture = glued === "gml" ? x0 : adjoint(pixelOperator, target).add(x0).sub(adjoint(pixelOperator, measured));
  const back = curved.encode(picture).mean;
  const [a, b] = evaluate([target.sub(measured).norm(), z0.sub(back).norm()]).map(({ data }) => data[0]);
  return omega * a + gamma * b;
}

describe.each([
  ["PSLD", psld as Solver<never>, "psld"],
  ["GML-DPS", gmlDps as Solver<never>, "gml"],
] as const)("%s with a curved decoder, encoder and denoiser", (_, solver, glued) => {
  it("moves along the gradient of the published error, in variance-exploding units", () => {
    const [sigma, next] = [0.8, 0.5];
    const weights = [0.9, 0.4];
    const z = [0.5, -0.3, 0.8, 0.1];
    const step = (options: Record<string, unknown>) =>
      prepare({ solver, operator, denoise: bent, sigmaY, y, options }, 1).step(
        { kind: "step", sigma, scalars: { sigma, next } },
        { x: z },
        (_, size) => new Float64Array(size),
        ["next.x"],
      )["next.x"];
    const moved = step({ omega: weights[0], gamma: weights[1] });
    const free = step({ omega: 0, gamma: 0 });
    const h = 1e-5;
    const factor = Math.sqrt((1 + sigma ** 2) * (1 + next ** 2));
    const expected = z.map((_, i) => {
      const at = (s: number) =>
        publishedError(
          z.map((v, j) => (i === j ? v + s * h : v)),
          sigma,
          weights,
          glued,
        );
      return (-factor * (at(1) - at(-1))) / (2 * h);
    });
    expectClose(
      moved.map((v, i) => v - free[i]),
      expected,
      1e-8,
    );
    expect(Math.abs(expected[0])).toBeGreaterThan(0.01);
  });
});

it("there is nothing to glue where decoding is orthonormal and the measurement is met", () => {
  // Block means with all Haar details: encode(decode(z)) = z, and a mask with AᵀA a projection.
  const rows = [
    [0.5, 0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5, -0.5],
    [0.5, 0.5, -0.5, -0.5],
    [0.5, -0.5, -0.5, 0.5],
  ];
  const haar = linearAutoencoder(
    1,
    2,
    rows[0].map((_, i) => rows.map((row) => row[i])),
    rows,
  );
  const mask = createOperator(
    { name: "inpaint", mask: { type: "random", missing: 0.5, seed: 1 } },
    { domain: [1, 1, 4, 4] },
  );
  const problem = latentOperator(mask, haar);
  const clean = normals({ seed: 2, purpose: "picture" }, 16);
  const x = constant(Array.from(clean), [1, 1, 4, 4]);
  const [{ data: seen }, { data: z }] = evaluate([mask.apply(x), haar.encode(x).mean]);
  const step = (options: Record<string, unknown>) =>
    prepare({ solver: psld, operator: problem, denoise: (v) => v, sigmaY: 0, y: Array.from(seen), options }, 1).step(
      { kind: "step", sigma: 0.5, scalars: { sigma: 0.5, next: 0.2 } },
      { x: z },
      (_, n) => new Float64Array(n),
      ["next.x"],
    )["next.x"];
  expectClose(step({ omega: 1, gamma: 1 }), z, 1e-12);
});

describe("what the official code does otherwise", () => {
  const nearest = createOperator({ name: "super-resolution", scale: 2 }, { domain: [1, 1, 4, 4] });
  const blur = createOperator(
    { name: "blur", kernel: { type: "gaussian", std: 1 }, border: "reflect" },
    { domain: [1, 1, 4, 4] },
  );
  const identity = linearAutoencoder(1, 1, [[1]], [[1]]);
  const z = Array.from(normals({ seed: 3, purpose: "latent" }, 16));

  function stepOf(A: Operator, options: Record<string, unknown>, noise = 0): Float64Array {
    const n = A.range.reduce((a, b) => a * b, 1);
    const problem = {
      solver: psld,
      operator: latentOperator(A, identity),
      denoise: isotropicPrior(0, 1, { channels: 1 }).denoise,
      sigmaY: 0.3,
      y: new Array(n).fill(0.2),
      options: { omega: 0.5, gamma: 1, ...options },
    };
    return prepare(problem, 1).step(
      { kind: "step", sigma: 0.5, scalars: { sigma: 0.5, next: 0 } },
      { x: z },
      (_, size) => new Float64Array(size).fill(noise),
      ["next.x"],
    )["next.x"];
  }

  it("Aᵀ of a blur is the identity", () => {
    const published = stepOf(blur, { transpose: "published" });
    const asIdentity = stepOf({ ...blur, pseudoInverse: (v) => v }, { transpose: "pseudo-inverse" });
    expectClose(published, asIdentity, 1e-12);
    expect(Math.max(...published.map((v, i) => Math.abs(v - stepOf(blur, {})[i])))).toBeGreaterThan(1e-3);
  });

  it("Aᵀ of down-sampling repeats its pixels", () => {
    const published = stepOf(nearest, { transpose: "published" });
    // A† of block means repeats them too.
    expectClose(published, stepOf(nearest, { transpose: "pseudo-inverse" }), 1e-12);
    expect(Math.max(...published.map((v, i) => Math.abs(v - stepOf(nearest, {})[i])))).toBeGreaterThan(1e-3);
  });

  it("noise of the measurement is drawn anew in each step", () => {
    expectClose(stepOf(nearest, { freshNoise: true }, 0), stepOf(nearest, {}, 0), 1e-12);
    const noisy = stepOf(nearest, { freshNoise: true, eta: 0 }, 1);
    const shifted = stepOf({ ...nearest, apply: (v) => nearest.apply(v).add(0.3) }, { gamma: 0 });
    expectClose(stepOf(nearest, { freshNoise: true, gamma: 0 }, 1), shifted, 1e-12);
    expect(noisy[0]).not.toBeCloseTo(stepOf(nearest, {}, 1)[0], 6);
  });

  it("weights grow with the root of the number of latents on request", () => {
    const [plain, sized, none] = [{}, { anySize: true }, { omega: 0, gamma: 0 }].map((o) => stepOf(nearest, o));
    const scale = Math.sqrt(16 / (4 * 64 ** 2));
    expectClose(
      sized.map((v, i) => v - none[i]),
      plain.map((v, i) => scale * (v - none[i])),
      1e-12,
    );
  });
});
