import { expect } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { gaussianPrior } from "../../src/priors/index.ts";
import { solve } from "../../src/solvers/solve.ts";
import type { Solver } from "../../src/solvers/solver.ts";
import { expectClose } from "./close.ts";
import { solveInFloat64 } from "./float64-solver.ts";
import { g2Problem } from "./g2.ts";
import { G2 } from "./problems.ts";

/** On the problem G2: ONNX Runtime gives what the float64 evaluator gives, and a sample does not depend on its batch. */
export async function expectEngineAgrees<O>(solver: Solver<O>, options: Record<string, unknown>): Promise<void> {
  const seed = 5;
  const exact = solveInFloat64({ solver, ...g2Problem, options }, 1, seed);
  const { operator, sigmaY, y } = g2Problem;
  const prior = gaussianPrior(G2.prior.means[0], G2.prior.covariances[0]);
  const problem = { operator, measurement: Float32Array.from(y), sigmaY, prior, start: new Float32Array(2) };
  const engine = await createEngine({ threads: 1 });
  try {
    const run = (samples: number, firstSample: number) =>
      solve(problem, { solver, options, engine, seed, samples, firstSample });
    const batch = await run(3, 0);
    expectClose(batch.pictures.subarray(0, 2), exact, 2e-4 * (1 + Math.abs(exact[0])));
    const third = await run(1, 2);
    expectClose(batch.pictures.subarray(4, 6), third.pictures, 1e-5);
    expect(batch.pictures[0]).not.toBe(batch.pictures[2]);
  } finally {
    await engine.dispose();
  }
}
