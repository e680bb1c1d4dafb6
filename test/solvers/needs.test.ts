import { describe, expect, it } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import { createOperator, type Operator } from "../../src/operators/index.ts";
import { missingNeed } from "../../src/solvers/needs.ts";
import { checkCompatible, findSolver, listSolvers } from "../../src/solvers/registry.ts";

const make = (name: string, options: Record<string, unknown> = {}): Operator =>
  createOperator({ name, ...options }, { domain: [1, 3, 16, 16] });
const denoise = make("denoise");
const colorize = make("colorize");
// A tilted kernel on a mirrored border: no closed form.
const motion = make("blur", { kernel: { type: "motion", length: 5, angle: 30 }, border: "reflect" });
const { pseudoInverse: _p, svd: _s, solveGram: _g, ...bare } = denoise;
const curved: Operator = { ...bare, name: "curved", linear: false, apply: (x) => x.square() };

describe("what goes together", () => {
  it.each([
    ["posterior-mean", colorize, "plain denoising"],
    ["ddrm", motion, "an operator with a singular value decomposition"],
    ["ddrm", curved, "a linear operator"],
    ["ddnm", curved, "a linear operator"],
    ["mcg", curved, "a linear operator"],
    ["exact-covariance", curved, "a linear operator"],
    ["pigdm", curved, "an operator with a pseudo-inverse"],
    ["ddnm", { ...bare, name: "bare" }, "an operator with a pseudo-inverse"],
    ["ddnm", motion, undefined],
    ["pigdm", motion, undefined],
    ["pigdm", { ...curved, pseudoInverse: (y: never) => y }, undefined],
    ["mpgd", curved, undefined],
    ["ddrm", colorize, undefined],
  ])("%s with %o", (name, operator, missing) => {
    expect(missingNeed(findSolver(name), operator as Operator)).toBe(missing);
  });

  it.each([denoise, colorize, motion, curved])("a refusal names exactly the solvers that can: $name", (operator) => {
    const able = listSolvers().filter((solver) => !missingNeed(solver, operator));
    expect(able.length).toBeGreaterThan(0);
    for (const solver of listSolvers()) {
      if (able.includes(solver)) {
        expect(() => checkCompatible(solver, operator)).not.toThrow();
        continue;
      }
      const refusal = catchError(() => checkCompatible(solver, operator));
      expect(refusal).toBeInstanceOf(TweedieError);
      expect(refusal).toMatchObject({ code: "invalid-operator" });
      expect((refusal as TweedieError).message).toMatch(
        new RegExp(`^${solver.name}: expected .*, got ${operator.name}$`),
      );
      const named = (refusal as TweedieError).hint?.split(": ")[1].split(", ");
      expect(named).toEqual(able.map(({ name }) => name));
    }
  });
});

function catchError(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
