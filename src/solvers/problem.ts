import { TweedieError } from "../errors.ts";
import type { Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import { parse } from "../schema.ts";
import { type Shape, sizeOf } from "../tensor/index.ts";
import { checkNeeds } from "./needs.ts";
import type { Solver } from "./solver.ts";

/** What a solver is prepared for: a measurement model and a prior, without the data. */
export interface Setting {
  readonly operator: Operator;
  /** Standard deviation of the noise in y, on the [-1, 1] scale. */
  readonly sigmaY: number;
  readonly prior: Prior;
}

/** What a prepared solver runs on. */
export interface ProblemData {
  /** y, flat in the operator's range. */
  readonly measurement: Float32Array;
  /** The initial estimate of the image, flat in the operator's domain. */
  readonly start: Float32Array;
}

export interface Problem extends Setting, ProblemData {}

/** The solver's options with defaults filled in. @throws {TweedieError} invalid-option: names the option */
export function parseOptions<O>(solver: Solver<O>, given: Readonly<Record<string, unknown>>): O {
  return parse(solver.options, given, solver.name);
}

/**
 * @throws {TweedieError} invalid-option: σ_y is no number from 0 on; invalid-operator: the solver needs what the operator
 *   lacks
 */
export function checkSetting<O>({ operator, sigmaY }: Setting, solver: Solver<O>): void {
  if (!(sigmaY >= 0) || !Number.isFinite(sigmaY))
    throw new TweedieError("invalid-option", { message: `sigmaY: expected a number of at least 0, got ${sigmaY}` });
  checkNeeds(solver, operator);
}

/** @throws {TweedieError} size-mismatch; invalid-option: values that are not finite */
export function checkData({ measurement, start }: ProblemData, { range, domain }: Operator): void {
  checkValues("measurement", measurement, range);
  checkValues("start", start, domain);
}

function checkValues(name: string, data: Float32Array, shape: Shape): void {
  if (data.length !== sizeOf(shape))
    throw new TweedieError("size-mismatch", {
      message: `${name}: expected ${sizeOf(shape)} values, got ${data.length}`,
    });
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new TweedieError("invalid-option", {
      message: `${name}: expected finite values, got ${data[bad]} at ${bad}`,
    });
}
