import { describe, expect, it } from "vitest";
import { createSchedule } from "../../src/diffusion/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { parseOptions } from "../../src/solvers/index.ts";
import { latino } from "../../src/solvers/latino.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectOwnSamples } from "../helpers/batch.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare } from "../helpers/float64-solver.ts";
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

const problem = { solver: latino, operator: latent, denoise, sigmaY, y, start };
const z = [0.5, -0.3, 0.8, 0.1];
const sigma = 0.8;

/** One step without noise: z' is the estimate. */
function stepOf(options: Record<string, unknown>, scalars: Record<string, number> = {}): Float64Array {
  const step = { kind: "step", sigma, scalars: { sigma, next: 0, delta: 0.3, ...scalars } };
  return prepare({ ...problem, options: { cgSteps: 12, ...options } }, 1).step(
    step,
    { x: z },
    (_, size) => new Float64Array(size),
    ["next.x"],
  )["next.x"];
}

/** decode(ẑ0) */
function seen(): number[] {
  const x0 = autoencoder.decode(denoise(constant(z, [1, 2, 1, 2]), constant(sigma)));
  return Array.from(evaluate([x0])[0].data);
}

describe("one step", () => {
  it("encodes the picture that solves the normal equations, with the Bayesian weight", () => {
    const rho = sigmaY ** 2 / sigma ** 2;
    const [encoded] = evaluate([autoencoder.encode(nearestPicture(seen(), rho)).mean]);
    expectClose(stepOf({ weight: "bayes" }), encoded.data, 1e-9);
  });

  it("with the published weight: δ(1−ᾱ)/σ_y² times the misfit", () => {
    const left = Math.hypot(...residualOf(seen()));
    const rho = sigmaY ** 2 / (0.3 * (sigma ** 2 / (1 + sigma ** 2)) * left);
    const [encoded] = evaluate([autoencoder.encode(nearestPicture(seen(), rho)).mean]);
    expectClose(stepOf({}), encoded.data, 1e-9);
  });

  it("forgets the noise, or keeps it in DDIM's way", () => {
    const clean = stepOf({});
    const next = 0.5;
    expectClose(stepOf({}, { next }), clean, 1e-12); // the new noise is 0 here
    expectClose(
      stepOf({ reverse: "ddim" }, { next }),
      clean.map((v, i) => v + (next / sigma) * (z[i] - v)),
      1e-9,
    );
  });
});

describe("the schedule", () => {
  it("has the timesteps 999, 874, …, 124 of latent diffusion, and δ by level", () => {
    const levels = createSchedule({ type: "scaled-linear" }).sigma;
    const steps = latino.schedule(parseOptions(latino, { delta: 3, deltaLate: 7, turn: 1.5 }), {
      sigmaY,
      operator: latent,
    });
    expectClose(
      steps.map((s) => s.sigma),
      [999, 874, 749, 624, 499, 374, 249, 124].map((t) => levels[t]),
      1e-3,
    );
    expect(steps.map((s) => s.scalars.delta)).toEqual([3, 3, 3, 3, 3, 7, 7, 7]);
    expect(steps.at(-1)?.scalars.next).toBe(0);
  });

  it("costs an encoding, two decodings and no derivative for each step", () => {
    expect(solverCost(latino, parseOptions(latino, {}), latent)).toEqual({
      runs: 8,
      forwards: 8,
      vjps: 0,
      encodes: 8,
      encodeVjps: 0,
      decodes: 16, // one of them for the residual that is reported
      decodeVjps: 0,
    });
  });
});

it("is the same for the same seed, and another sample in a batch is another sample", () => {
  expectOwnSamples(problem);
});

it("says what it is made for", () => {
  expect(latino.remark?.({})).toMatch("consistency models");
});
