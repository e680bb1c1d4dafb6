import { adjoint, type Operator } from "../operators/index.ts";
import { constant, evaluate, input, type Tensor, vjp } from "../tensor/index.ts";
import { batchOf, type Draws, difference, dot, type Numbers, norm, value } from "./numbers.ts";
import { type CheckResult, measured, short } from "./report.ts";

/** Float64 leaves this much of rounding in sums of a few thousand terms. */
export const exact = 1e-9;

/** Shapes, finite values, and that a picture of another size is refused. */
export function checkShapes(operator: Operator, draws: Draws): CheckResult {
  const { domain, range } = operator;
  const name = "shapes";
  for (const [what, shape] of [
    ["domain", domain],
    ["range", range],
  ] as const)
    if (shape.length !== 4 || shape[0] !== 1 || !shape.every((d) => Number.isInteger(d) && d > 0))
      return fail(name, `${what} is [${shape.join(", ")}]`, `${what}: [1, channels, height, width]`);
  const y = operator.apply(draws.picture(batchOf(domain, 2), "x"));
  const wanted = batchOf(range, 2);
  if (String(y.shape) !== String(wanted))
    return fail(name, `two pictures give [${y.shape.join(", ")}]`, `range says [${wanted.join(", ")}]`);
  if (!value(y).every(Number.isFinite)) return fail(name, "A(x) is not finite everywhere", undefined);
  try {
    operator.apply(draws.picture([1, domain[1], domain[2] + 1, domain[3]], "x"));
  } catch {
    return { name, status: "pass", found: `[N, ${domain.slice(1).join(", ")}] → [N, ${range.slice(1).join(", ")}]` };
  }
  return fail(name, "a picture of another size is taken", "apply: checkShape(name, domain, x) refuses it");
}

const fail = (name: string, found: string, hint: string | undefined): CheckResult =>
  hint === undefined ? { name, status: "fail", found } : { name, status: "fail", found, hint };

/** A batch measures each picture as if it were alone. */
export function checkBatch(operator: Operator, draws: Draws): CheckResult {
  const x = draws.picture(batchOf(operator.domain, 3), "batch");
  const together = value(operator.apply(x));
  const each = [0, 1, 2].map((k) => value(operator.apply(x.narrow(0, k, 1))));
  const alone = Float64Array.from(each.flatMap((y) => Array.from(y)));
  const error = difference(together, alone);
  const hint = "reduce over axes 1 to 3 alone, never over axis 0";
  return measured("batch", error, 1e-12, `three together and one by one differ by ${short(error)}`, hint);
}

/** A(ax + bz) = a A(x) + b A(z), or, of an operator that calls itself non-linear, how far it is from that. */
export function checkLinearity(operator: Operator, draws: Draws): CheckResult {
  const [x, z] = [draws.normal(operator.domain, "x"), draws.normal(operator.domain, "z")];
  const sum = value(operator.apply(x.mul(1.7).sub(z.mul(0.6))));
  const parts = value(operator.apply(x).mul(1.7).sub(operator.apply(z).mul(0.6)));
  const error = difference(sum, parts);
  const found = `A(ax + bz) and aA(x) + bA(z) differ by ${short(error)}`;
  if (operator.linear) {
    const offset = norm(value(operator.apply(x.mul(0))));
    const hint =
      offset > exact
        ? `A(0) is not 0 but ${short(offset)} long: put the offset into y, or say linear: false`
        : "say linear: false";
    return measured("linearity", error, exact, found, hint);
  }
  const hint = error < exact ? "it seems linear: with linear: true more solvers take it" : undefined;
  return { name: "linearity", status: "pass", found: `says it is non-linear; ${found}`, ...(hint ? { hint } : {}) };
}

/** ⟨Au, v⟩ = ⟨u, Aᵀv⟩, Aᵀ being the derivative of `apply`: what solvers use. */
export function checkAdjoint(operator: Operator, draws: Draws): CheckResult {
  if (!operator.linear) return { name: "adjoint", status: "none", found: "not linear" };
  const [u, v] = [draws.normal(operator.domain, "u"), draws.normal(operator.range, "v")];
  const [au, atv] = [value(operator.apply(u)), value(adjoint(operator, v))];
  const [left, right] = [dot(au, value(v)), dot(value(u), atv)];
  const error = Math.abs(left - right) / Math.max(norm(au) * norm(value(v)), Number.MIN_VALUE);
  const hint = "rounding, comparing, gathering by computed indices and stopGradient have no derivative";
  return measured("adjoint", error, exact, `⟨Au, v⟩ − ⟨u, Aᵀv⟩ = ${short(error)} ‖Au‖‖v‖`, hint);
}

/** The derivative against central differences along a random direction, from a picture within [-1, 1]. */
export function checkGradient(operator: Operator, draws: Draws): CheckResult {
  const name = "gradient";
  const x = draws.picture(operator.domain, "at");
  const [v, d] = [draws.normal(operator.range, "v"), draws.normal(operator.domain, "d")];
  const at = input(operator.domain);
  const [pulled] = vjp([operator.apply(at)], [at], [v]);
  const [{ data: g }] = evaluate([pulled], new Map([[at, value(x)]]));
  if (!g.every(Number.isFinite))
    return fail(name, "the derivative is not finite everywhere", "roots and logarithms need a floor");
  if (operator.surrogateGradient) return { name, status: "pass", found: "a surrogate, as it says; finite everywhere" };
  const h = 1e-5;
  const ahead = value(operator.apply(x.add(d.mul(h))));
  const behind = value(operator.apply(x.sub(d.mul(h))));
  const slopes: Numbers = ahead.map((value, i) => (value - behind[i]) / (2 * h));
  const error = Math.abs(dot(g, value(d)) - dot(slopes, value(v))) / Math.max(norm(slopes) * norm(value(v)), 1e-300);
  const hint = "a part of apply has no derivative (rounding, comparing, stopGradient), or jumps";
  return measured(name, error, 1e-4, `derivative and central difference differ by ${short(error)}`, hint);
}

/** The largest singular value by power iteration; for non-linear operators that the number is a sensible one. */
export function checkNorm(operator: Operator, draws: Draws): CheckResult {
  const { normSquared } = operator;
  const name = "norm";
  if (!(normSquared >= 0 && Number.isFinite(normSquared)))
    return fail(name, `normSquared is ${normSquared}`, "a number of 0 or more: ‖A‖₂², or a bound from above");
  if (!operator.linear)
    return { name, status: "pass", found: `typical squared slope ${short(normSquared)}, unchecked` };
  let v: Tensor = draws.normal(operator.domain, "power");
  let largest = 0;
  for (let k = 0; k < powerSteps; k++) {
    const data = value(v);
    const length = norm(data);
    if (length === 0) break;
    const y = operator.apply(v.mul(1 / length));
    const image = value(y);
    largest = dot(image, image);
    // Numbers, not expressions: the graph must not grow.
    v = constant(value(adjoint(operator, y)), operator.domain, "float32");
  }
  const ratio = normSquared / largest;
  const found = `‖A‖² is at least ${short(largest)}; normSquared is ${short(normSquared)}`;
  const result = measured(
    name,
    largest,
    normSquared * (1 + 1e-6),
    found,
    "normSquared must not be below ‖A‖²: steps would diverge",
  );
  if (result.status === "pass" && ratio > 4 && Number.isFinite(ratio))
    return { ...result, hint: `the bound is ${short(ratio)} times too large: solvers will take small steps` };
  return result;
}

const powerSteps = 20;
