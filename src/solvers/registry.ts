import { TweedieError } from "../errors.ts";
import { daps } from "./daps.ts";
import { diffpir } from "./diffpir.ts";
import { dps } from "./dps.ts";
import { mapga } from "./mapga.ts";
import { otOde } from "./ot-ode.ts";
import { pnpFlow } from "./pnp-flow.ts";
import { posteriorMean } from "./posterior-mean.ts";
import { redDiff } from "./red-diff.ts";
import type { Solver } from "./solver.ts";
import { vmlMap } from "./vml-map.ts";

const solvers: readonly Solver[] = [redDiff, vmlMap, dps, diffpir, daps, pnpFlow, otOde, mapga, posteriorMean];

export function listSolvers(): readonly Solver[] {
  return solvers;
}

/** @throws TweedieError `invalid-option` that lists the known names. */
export function findSolver(name: string): Solver {
  const found = solvers.find((s) => s.name === name);
  if (found) return found;
  const expected = solvers.map((s) => s.name).join(", ");
  throw new TweedieError("invalid-option", {
    message: `solver: expected one of ${expected}, got ${name}`,
    expected,
    got: name,
  });
}
