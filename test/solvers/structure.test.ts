import { describe, expect, it } from "vitest";
import { structureOf } from "../../src/onnx/structure.ts";
import { createOperator, type OperatorSpec } from "../../src/operators/index.ts";
import { formulate } from "../../src/solvers/formulate.ts";
import { listSolvers, parseOptions } from "../../src/solvers/index.ts";
import { missingNeed } from "../../src/solvers/needs.ts";
import type { Solver } from "../../src/solvers/solver.ts";
import { probe } from "../../src/tensor/index.ts";

const domain = [1, 3, 16, 16];
const known = (byte: number) => Buffer.from(new Uint8Array(32).map((_, i) => byte ^ i)).toString("base64");

/** Two problems that differ in nothing but data: what is fed, not what is computed. */
const pairs: Record<string, readonly [OperatorSpec, OperatorSpec]> = {
  denoise: [{ name: "denoise" }, { name: "denoise" }],
  mask: [
    { name: "inpaint", mask: { type: "random", missing: 0.5, seed: 1 } },
    { name: "inpaint", mask: { type: "box", top: 2, left: 3, height: 4, width: 5 } },
  ],
  "Gaussian blur": [
    { name: "blur", kernel: { type: "gaussian", std: 1 } },
    { name: "blur", kernel: { type: "gaussian", std: 2 } },
  ],
  "circular Gaussian blur": [
    { name: "blur", kernel: { type: "gaussian", std: 1 }, border: "circular" },
    { name: "blur", kernel: { type: "gaussian", std: 2 }, border: "circular" },
  ],
  "any blur": [
    { name: "blur", kernel: { type: "trajectory", size: 5, seed: 1 } },
    { name: "blur", kernel: { type: "trajectory", size: 5, seed: 2 } },
  ],
  "any circular blur": [
    { name: "blur", kernel: { type: "trajectory", size: 5, seed: 1 }, border: "circular" },
    { name: "blur", kernel: { type: "trajectory", size: 5, seed: 2 }, border: "circular" },
  ],
  "blur in Fourier coefficients": [
    { name: "blur", kernel: { type: "trajectory", size: 11, seed: 1 } },
    { name: "blur", kernel: { type: "trajectory", size: 11, seed: 2 } },
  ],
  "compressed sensing": [
    { name: "compressed-sensing", ratio: 0.5, seed: 1 },
    { name: "compressed-sensing", ratio: 0.5, seed: 2 },
  ],
  "block compressed sensing": [
    { name: "block-compressed-sensing", ratio: 0.5, seed: 1, block: 8 },
    { name: "block-compressed-sensing", ratio: 0.5, seed: 2, block: 8 },
  ],
  mri: [
    { name: "mri", seed: 1 },
    { name: "mri", mask: known(0xa5) },
  ],
  "mri with coils": [
    { name: "mri", seed: 1, coils: 4 },
    { name: "mri", seed: 2, coils: 4 },
  ],
  ct: [
    { name: "ct", angles: 5 },
    { name: "ct", angles: 5 },
  ],
  composition: [1, 2].map((std) => ({
    name: "composition",
    steps: [
      { name: "blur", kernel: { type: "gaussian", std } },
      { name: "super-resolution", scale: 2 },
    ],
  })) as unknown as readonly [OperatorSpec, OperatorSpec],
};

const denoise = (x: Parameters<typeof probe>[0], sigma: typeof x) => probe(x.sin().mul(sigma), "forward");

function structures(solver: Solver, spec: OperatorSpec, sigmaY: number, options: Record<string, unknown> = {}) {
  const operator = createOperator(spec, { domain });
  const parsed = parseOptions(solver, options);
  const { init, steps } = formulate({ solver, options: parsed, operator, denoise, sigmaY, samples: 1 });
  return [init, steps].map(structureOf);
}

const solvers = listSolvers().filter(({ needs }) => !needs.latent);

describe.each(Object.keys(pairs))("two problems of the kind %s, at two noise levels", (kind) => {
  const [one, other] = pairs[kind];
  const able = solvers.filter((solver) => !missingNeed(solver, createOperator(one, { domain })));
  it.each(able)("are one program of $name", (solver) => {
    expect(structures(solver, one, 0.02)).toEqual(structures(solver, other, 0.3));
    expect(structures(solver, one, 0)).toEqual(structures(solver, other, 0));
  });
});

it.each([
  ["vml-map", { precondition: "cg" }],
  ["vml-map", { precondition: "svd" }],
  ["vml-map", { precondition: "data" }],
  ["vml-map", { traces: true, powerSteps: 2 }],
  ["dps", { anySize: true }],
  ["dps", { weight: "bayes" }],
  ["daps", { sampler: "exact", tau: "sigmaY" }],
  ["daps", { sampler: "hmc" }],
  ["ddnm", { variant: "regularised" }],
  ["ddnm", { variant: "simple" }],
  ["diffpir", { data: "gradient" }],
  ["mcg", { inverse: "regularised", noiseAware: true, warm: true }],
  ["mpgd", { bounded: true }],
  ["pigdm", { guidance: "score", warm: true }],
  ["stsl", { curvature: "matched", anySize: true }],
  ["stsl", { weight: "bayes", curvature: "measured" }],
])("%s with %o serves two blurs at two noise levels", (name, options) => {
  const solver = listSolvers().find((s) => s.name === name) as Solver;
  const [one, other] = pairs["circular Gaussian blur"];
  expect(structures(solver, one, 0.02, options)).toEqual(structures(solver, other, 0.3, options));
});
