import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { createOperator } from "../../src/operators/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { keepKnown } from "../../src/solvers/keep-known.ts";
import { findSolver } from "../../src/solvers/registry.ts";
import { solve } from "../../src/solvers/solve.ts";
import { evaluate, input } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { solveInFloat64 } from "../helpers/float64-solver.ts";

// The same formulas, noise and schedule on ONNX Runtime in float32 and in the float64 evaluator.

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const operators = {
  "super-resolution": { scale: 2 },
  blur: { kernel: { type: "gaussian", std: 0.8 }, border: "reflect" },
  inpaint: { mask: { type: "random", missing: 0.5, seed: 3 } },
};
const solvers: readonly [string, Record<string, unknown>][] = [
  ["pigdm", { steps: 8 }],
  ["pigdm", { steps: 8, guidance: "score", warm: true, sigmaMax: 2 }],
  ["exact-covariance", { steps: 8, sigmaMax: 10, product: "symmetric" }],
  ["ddrm", { steps: 8 }],
  ["ddnm", { steps: 8 }],
  ["ddnm", { steps: 8, variant: "simple", travelLength: 2, travelRepeat: 2 }],
  ["mcg", { steps: 8, weight: 0.2 }],
  ["mpgd", { steps: 8, anySize: true }],
];

describe.each(Object.entries(operators))("%s", (name, spec) => {
  const operator = createOperator({ name, ...spec }, { domain: [1, 3, 8, 8] });
  const picture = normals({ seed: 1, purpose: "picture" }, 192).map((v) => 0.4 * v);
  const x = input(operator.domain);
  const [{ data: clean }] = evaluate([operator.apply(x)], new Map([[x, picture]]));
  const measurement = Float32Array.from(clean, (v, i) => (v === 0 ? 0 : v + 0.02 * Math.sin(i)));
  const start = Float32Array.from(operator.estimate?.(measurement, 0.02) ?? measurement);
  const prior = isotropicPrior(0.1, 0.2);

  it.each(solvers)("%s %o", async (solverName, options) => {
    const solver = findSolver(solverName);
    for (const sigmaY of [0.05, 0]) {
      const problem = { operator, measurement, start, sigmaY, prior };
      const { pictures } = await solve(problem, { solver, options, engine, seed: 5 });
      const exact = solveInFloat64(
        { solver, options, operator, denoise: prior.denoise, sigmaY, y: [...measurement], start: [...start] },
        1,
        5,
      );
      expect(pictures.every(Number.isFinite)).toBe(true);
      // What leaves the row space by a rounding error is put back, as restore does.
      const kept = (i: number) => sigmaY === 0 && operator.known !== undefined && measurement[i] !== 0;
      expectClose(
        keepKnown(operator, sigmaY, measurement, pictures),
        exact.map((v, i) => (kept(i) ? measurement[i] : v)),
        2e-4,
      );
    }
  });
});
