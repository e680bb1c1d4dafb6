import { adjoint, type Operator } from "../operators/index.ts";
import { constant, sizeOf, type Tensor } from "../tensor/index.ts";
import { exact } from "./maps.ts";
import { batchOf, type Draws, difference, norm, value } from "./numbers.ts";
import { type CheckResult, measured, short } from "./report.ts";

/** A A† A = A where the operator promises it; else how much of a measurement A† explains. */
export function checkPseudoInverse(operator: Operator, draws: Draws): CheckResult {
  const name = "pseudo-inverse";
  if (!operator.pseudoInverse) {
    if (operator.exactPseudoInverse)
      return {
        name,
        status: "fail",
        found: "exactPseudoInverse without pseudoInverse",
        hint: "drop the one or add the other",
      };
    return { name, status: "none", found: "none", hint: "ΠGDM, DDNM and others need one" };
  }
  const y = operator.apply(draws.picture(batchOf(operator.domain, 2), "x"));
  const back = operator.pseudoInverse(y);
  const wanted = batchOf(operator.domain, 2);
  if (String(back.shape) !== String(wanted))
    return { name, status: "fail", found: `gives [${back.shape.join(", ")}]`, hint: `expected [${wanted.join(", ")}]` };
  if (!value(back).every(Number.isFinite)) return { name, status: "fail", found: "A†y is not finite everywhere" };
  const error = difference(value(operator.apply(back)), value(y));
  const found = `A A† A x and A x differ by ${short(error)}`;
  if (operator.exactPseudoInverse)
    return measured(name, error, 1e-6, found, "say exactPseudoInverse: false, or find out where A† is not one");
  const hint = error < exact ? "it seems exact: say exactPseudoInverse: true" : undefined;
  return { name, status: "pass", found: `a start, no promise; ${found}`, ...(hint ? { hint } : {}) };
}

/** V orthogonal, U Σ Vᵀ = A, U Uᵀ y = y for y that A can cause. */
export function checkSvd(operator: Operator, draws: Draws): CheckResult {
  const name = "svd";
  const { svd } = operator;
  if (!svd) return { name, status: "none", found: "none", ...(operator.linear ? { hint: "DDRM needs one" } : {}) };
  const x = draws.normal(operator.domain, "x");
  const z = svd.vt(x);
  if (sizeOf(z.shape) !== x.size)
    return {
      name,
      status: "fail",
      found: `vt gives ${sizeOf(z.shape)} numbers`,
      hint: `one for each of the ${x.size} of x`,
    };
  const w = draws.normal(z.shape, "w");
  const ax = operator.apply(x);
  const errors: Record<string, number> = {
    "V Vᵀ x and x": difference(value(svd.v(z)), value(x)),
    "Vᵀ V z and z": difference(value(svd.vt(svd.v(w))), value(w)),
    "U Σ Vᵀ x and A x": difference(value(svd.u(svd.singularValues.mul(z))), value(ax)),
    "V Σ Uᵀ y and Aᵀ y": difference(value(svd.v(svd.singularValues.mul(svd.ut(ax)))), value(adjoint(operator, ax))),
    "U Uᵀ y and y": difference(value(svd.u(svd.ut(ax))), value(ax)),
  };
  const [what, error] = Object.entries(errors).reduce((worst, entry) => (entry[1] > worst[1] ? entry : worst));
  const negative = value(svd.singularValues).some((s) => s < 0);
  if (negative) return { name, status: "fail", found: "a singular value is negative" };
  return measured(
    name,
    error,
    1e-8,
    `at worst ${what} differ by ${short(error)}`,
    "see the contract of Svd in the documentation",
  );
}

/** (AᵀA + λI) z = x and (AAᵀ + λI) w = y, where they are solved in closed form, for one λ and for one each. */
export function checkSolves(operator: Operator, draws: Draws): CheckResult {
  const name = "normal equations";
  const { solveNormal, solveGram } = operator;
  if (!operator.linear) return { name, status: "none", found: "not linear" };
  if (!solveNormal && !solveGram)
    return { name, status: "none", found: operator.svd ? "by the SVD" : "by conjugate gradients" };
  const errors: number[] = [];
  for (const lambda of [constant(0.3, [], "float32"), constant(Float64Array.of(0.05, 2), [2, 1, 1, 1], "float32")]) {
    const residual = (z: Tensor, image: Tensor, rhs: Tensor) => difference(value(image.add(z.mul(lambda))), value(rhs));
    if (solveNormal) {
      const x = draws.normal(batchOf(operator.domain, 2), "x");
      const z = solveNormal(x, lambda);
      errors.push(residual(z, adjoint(operator, operator.apply(z)), x));
    }
    if (solveGram) {
      const y = draws.normal(batchOf(operator.range, 2), "y");
      const w = solveGram(y, lambda);
      errors.push(residual(w, operator.apply(adjoint(operator, w)), y));
    }
  }
  const error = Math.max(...errors);
  const found = `solved but for ${short(error)} of the right-hand side`;
  return measured(name, error, 1e-8, found, "leave solveNormal and solveGram out: conjugate gradients then do it");
}

/** Entries that `observed` calls empty are always 0; pixels that `known` calls known stand unchanged in y. */
export function checkMasks(operator: Operator, draws: Draws): CheckResult {
  const name = "masks";
  const { observed, known } = operator;
  if (!observed && !known) return { name, status: "none", found: "every entry of y carries data" };
  const x = draws.picture(operator.domain, "x");
  const y = operator.apply(x);
  const stray = observed ? norm(value(y.mul(observed.mul(-1).add(1)))) : 0;
  const changed = known ? norm(value(y.sub(x).mul(known))) : 0;
  const found = [
    observed ? `unobserved entries of A(x) are ${short(stray)} long` : "",
    known ? `known pixels change by ${short(changed)}` : "",
  ].filter(Boolean);
  return measured(
    name,
    Math.max(stray, changed),
    1e-12,
    found.join("; "),
    "observed is 1 where y carries data, known where y is x",
  );
}

/** The first guess has x's size and finite numbers. */
export function checkEstimate(operator: Operator, draws: Draws): CheckResult {
  const name = "estimate";
  if (!operator.estimate)
    return {
      name,
      status: "none",
      found: operator.pseudoInverse ? "A†y serves as first guess" : "Aᵀy serves as first guess",
    };
  const x = draws.picture(operator.domain, "x");
  const guess = operator.estimate(value(operator.apply(x)), 0.01);
  if (guess.length !== x.size || !guess.every(Number.isFinite))
    return { name, status: "fail", found: `${guess.length} numbers, not all finite or not ${x.size} of them` };
  return { name, status: "pass", found: `leaves ${short(difference(guess, value(x)))} of a random picture` };
}
