import { TweedieError } from "../errors.ts";
import type { Operator } from "../operators/operator.ts";
import { daps } from "./daps.ts";
import { ddnm } from "./ddnm.ts";
import { ddrm } from "./ddrm.ts";
import { diffpir } from "./diffpir.ts";
import { dps } from "./dps.ts";
import { exactCovariance } from "./exact-covariance.ts";
import { gmlDps } from "./gml-dps.ts";
import { latino } from "./latino.ts";
import { mapga } from "./mapga.ts";
import { mcg } from "./mcg.ts";
import { mpgd } from "./mpgd.ts";
import { checkNeeds, missingNeed } from "./needs.ts";
import { otOde } from "./ot-ode.ts";
import { p2l } from "./p2l.ts";
import { pigdm } from "./pigdm.ts";
import { pnpFlow } from "./pnp-flow.ts";
import { posteriorMean } from "./posterior-mean.ts";
import { psld } from "./psld.ts";
import { redDiff } from "./red-diff.ts";
import { resample } from "./resample.ts";
import type { Solver } from "./solver.ts";
import { stsl } from "./stsl.ts";
import { vmlMap } from "./vml-map.ts";

const solvers: readonly Solver[] = [
  redDiff,
  vmlMap,
  stsl,
  dps,
  pigdm,
  exactCovariance,
  ddrm,
  ddnm,
  mcg,
  mpgd,
  diffpir,
  daps,
  pnpFlow,
  otOde,
  mapga,
  posteriorMean,
  psld,
  gmlDps,
  p2l,
  resample,
  latino,
];

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

/** {@link checkNeeds}, whose hint names the solvers that can. @throws {TweedieError} invalid-operator */
export function checkCompatible<O>(solver: Solver<O>, operator: Operator): void {
  try {
    checkNeeds(solver, operator);
  } catch (error) {
    if (!(error instanceof TweedieError)) throw error;
    const able = solvers.filter((other) => !missingNeed(other, operator)).map(({ name }) => name);
    throw new TweedieError(error.code, {
      ...error,
      message: error.message,
      hint: `solvers for ${operator.name}: ${able.join(", ")}`,
    });
  }
}
