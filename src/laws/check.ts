import type { Engine } from "../engine/index.ts";
import { adjoint, createOperator, listOperators, type Operator, type OperatorSpec } from "../operators/index.ts";
import { evaluate, input, type Tensor, vjp } from "../tensor/index.ts";
import { checkEstimate, checkMasks, checkPseudoInverse, checkSolves, checkSvd } from "./inverses.ts";
import { checkAdjoint, checkBatch, checkGradient, checkLinearity, checkNorm, checkShapes } from "./maps.ts";
import { Draws, difference, value } from "./numbers.ts";
import { type CheckReport, type CheckResult, measured, short } from "./report.ts";

export interface CheckOptions {
  /** The numbers to test with are random; the same seed draws the same. */
  readonly seed?: number;
}

type Check = (operator: Operator, draws: Draws) => CheckResult;

/** In the order of the report. */
const checks: readonly (readonly [string, Check])[] = [
  ["shapes", checkShapes],
  ["batch", checkBatch],
  ["linearity", checkLinearity],
  ["adjoint", checkAdjoint],
  ["gradient", checkGradient],
  ["norm", checkNorm],
  ["pseudo-inverse", checkPseudoInverse],
  ["svd", checkSvd],
  ["normal equations", checkSolves],
  ["masks", checkMasks],
  ["estimate", checkEstimate],
  ["spec", checkSpec],
];

/**
 * Tests what solvers rely on, in float64: shapes, batches, linearity, adjoint, derivative, norm, pseudo-inverse, SVD,
 * normal equations, masks, first guess, and that the operator's spec gives it again. It throws nothing of its own: what an
 * operator throws is a failed test.
 */
export function checkOperator(operator: Operator, { seed = 0 }: CheckOptions = {}): CheckReport {
  const draws = new Draws(seed);
  const results = checks.map(([name, check]) => attempt(name, () => check(operator, draws)));
  return reportOf(operator, results);
}

/** {@link checkOperator}, and whether the engine's single precision agrees with float64. */
export async function checkOperatorOnEngine(
  operator: Operator,
  engine: Engine,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const report = checkOperator(operator, options);
  let result: CheckResult;
  try {
    result = await checkEngine(operator, engine, new Draws(options.seed ?? 0));
  } catch (error) {
    result = failure("engine", error);
  }
  return reportOf(operator, [...report.checks, result]);
}

function reportOf(operator: Operator, results: readonly CheckResult[]): CheckReport {
  const { name, domain, range, linear } = operator;
  const passed = results.every(({ status }) => status !== "fail");
  return { operator: name, ...specOf(operator), domain, range, linear, checks: results, passed };
}

function specOf(operator: Operator): { spec?: OperatorSpec } {
  try {
    return { spec: operator.toJSON() };
  } catch {
    return {}; // the test of the spec says so
  }
}

function attempt(name: string, check: () => CheckResult): CheckResult {
  try {
    return check();
  } catch (error) {
    return failure(name, error);
  }
}

function failure(name: string, error: unknown): CheckResult {
  return { name, status: "fail", found: `throws: ${error instanceof Error ? error.message : String(error)}` };
}

/** JSON.parse(JSON.stringify(operator)) makes the operator again, for a picture and for a measurement of its size. */
function checkSpec(operator: Operator, draws: Draws): CheckResult {
  const name = "spec";
  const json = JSON.parse(JSON.stringify(operator.toJSON()));
  if (!listOperators().some((registered) => registered.name === json.name))
    return {
      name,
      status: "none",
      found: "not registered",
      hint: "defineOperator makes it a task of the command line",
    };
  const x = draws.picture(operator.domain, "x");
  const [, , height, width] = operator.domain;
  const expected = value(operator.apply(x));
  const again = createOperator(json, { domain: operator.domain });
  const fromMeasurement = createOperator(json, { measurement: operator.range, size: { height, width } });
  const error = difference(value(again.apply(x)), expected);
  if (String(fromMeasurement.domain) !== String(operator.domain)) {
    const found = `a measurement of its range is taken for one of [${fromMeasurement.domain.join(", ")}]`;
    return { name, status: "fail", found, hint: "domainOf must give the domain behind a measurement" };
  }
  const hint = "toJSON must hold every option that apply depends on";
  return measured(
    name,
    error,
    0,
    error === 0 ? "gives the same operator again" : `gives another operator: ${short(error)}`,
    hint,
  );
}

async function checkEngine(operator: Operator, engine: Engine, draws: Draws): Promise<CheckResult> {
  const x = input(operator.domain);
  const y = input(operator.range);
  const image = operator.apply(x);
  const pulled = operator.linear ? adjoint(operator, y) : vjp([image], [x], [y])[0];
  const feeds = {
    x: Float32Array.from(value(draws.picture(operator.domain, "x"))),
    y: Float32Array.from(value(draws.normal(operator.range, "y"))),
  };
  const outputs: Record<string, Tensor> = { image, pulled };
  const program = await engine.compile({ inputs: { x, y }, outputs });
  try {
    const results = await program.run(feeds);
    const wanted = evaluate(
      Object.values(outputs),
      new Map([
        [x, feeds.x],
        [y, feeds.y],
      ]),
    );
    const errors = Object.keys(outputs).map((key, i) =>
      difference(Float64Array.from(results[key] as Float32Array), wanted[i].data),
    );
    const error = Math.max(...errors);
    const found = `single precision differs from float64 by ${short(error)}`;
    return measured("engine", error, 1e-3, found, "differences of large numbers lose digits: rearrange them");
  } finally {
    await program.dispose();
  }
}
