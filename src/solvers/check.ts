import { TweedieError } from "../errors.ts";
import { type Shape, sizeOf } from "../tensor/index.ts";
import { checkNeeds } from "./needs.ts";
import type { Problem } from "./solve.ts";
import type { Solver } from "./solver.ts";

/** The solver's options with defaults filled in. @throws TweedieError `invalid-option` that names the option. */
export function parseOptions<O>(solver: Solver<O>, given: Readonly<Record<string, unknown>>): O {
  const parsed = solver.options.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const name = unknown ?? issue.path.join(".");
  const known = "shape" in solver.options ? Object.keys(solver.options.shape as object).join(", ") : "";
  throw new TweedieError("invalid-option", {
    message: unknown
      ? `${solver.name}: expected one of the options ${known}, got ${unknown}`
      : `${solver.name}: option ${name}: ${issue.message}, got ${JSON.stringify(given[name])}`,
    expected: unknown ? known : issue.message,
    got: unknown ?? JSON.stringify(given[name]),
  });
}

/** Sizes, finite values, and what the solver needs of the operator. */
export function checkProblem<O>({ operator, measurement, start, sigmaY }: Problem, solver: Solver<O>): void {
  checkData("measurement", measurement, operator.range);
  checkData("start", start, operator.domain);
  if (!(sigmaY >= 0) || !Number.isFinite(sigmaY))
    throw new TweedieError("invalid-option", { message: `sigmaY: expected a number of at least 0, got ${sigmaY}` });
  checkNeeds(solver, operator);
}

function checkData(name: string, data: Float32Array, shape: Shape): void {
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
