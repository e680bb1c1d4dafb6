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

type OptionsOf<S> = S extends Solver<infer O> ? Partial<O> : never;

/** The options of each solver by its name. Augment it to have those of your own checked. */
export interface SolverOptions {
  "red-diff": OptionsOf<typeof redDiff>;
  "vml-map": OptionsOf<typeof vmlMap>;
  stsl: OptionsOf<typeof stsl>;
  dps: OptionsOf<typeof dps>;
  pigdm: OptionsOf<typeof pigdm>;
  "exact-covariance": OptionsOf<typeof exactCovariance>;
  ddrm: OptionsOf<typeof ddrm>;
  ddnm: OptionsOf<typeof ddnm>;
  mcg: OptionsOf<typeof mcg>;
  mpgd: OptionsOf<typeof mpgd>;
  diffpir: OptionsOf<typeof diffpir>;
  daps: OptionsOf<typeof daps>;
  "pnp-flow": OptionsOf<typeof pnpFlow>;
  "ot-ode": OptionsOf<typeof otOde>;
  mapga: OptionsOf<typeof mapga>;
  "posterior-mean": OptionsOf<typeof posteriorMean>;
  psld: OptionsOf<typeof psld>;
  "gml-dps": OptionsOf<typeof gmlDps>;
  p2l: OptionsOf<typeof p2l>;
  resample: OptionsOf<typeof resample>;
  latino: OptionsOf<typeof latino>;
}

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
