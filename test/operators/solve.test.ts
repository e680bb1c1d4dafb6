import { describe, expect, it } from "vitest";
import {
  adjoint,
  blur,
  composition,
  createOperator,
  gaussianTaps,
  type Operator,
  solveByConjugateGradient,
} from "../../src/operators/index.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";

const domain = [1, 1, 6, 5];

describe("solveByConjugateGradient", () => {
  const weights = constant(
    Float64Array.from({ length: 30 }, (_, k) => 1 + (k % 4)),
    domain,
    "float32",
  );
  const rhs = constant(
    Float64Array.from({ length: 30 }, (_, k) => Math.sin(k)),
    domain,
    "float32",
  );
  const value = (its: number, start?: typeof rhs, inverse?: (r: typeof rhs) => typeof rhs) =>
    evaluate([solveByConjugateGradient((x) => x.mul(weights), rhs, its, start, inverse)])[0].data;
  const exact = Array.from({ length: 30 }, (_, k) => Math.sin(k) / (1 + (k % 4)));
  const error = (x: Float64Array) => Math.max(...x.map((v, k) => Math.abs(v - exact[k])));

  it("ends after as many steps as there are eigenvalues, and stays there", () => {
    expect(error(value(3))).toBeGreaterThan(1e-6);
    expect(error(value(4))).toBeLessThan(1e-12);
    expect(error(value(12))).toBeLessThan(1e-12);
  });

  it("starts where it is told and takes a preconditioner", () => {
    expect(error(value(1, constant(exact, domain)))).toBeLessThan(1e-12);
    expect(error(value(1, undefined, (r) => r.div(weights)))).toBeLessThan(1e-12);
  });

  it("refuses a number of steps that is none", () => {
    expect(() => value(0)).toThrow("conjugate gradients: expected a positive number of iterations, got 0");
  });
});

describe("adjoint", () => {
  it("is refused for operators that are not linear", () => {
    const square: Operator = {
      name: "square",
      domain,
      range: domain,
      linear: false,
      normSquared: 4,
      apply: (x) => x.square(),
      toJSON: () => ({ name: "square" }),
    };
    const y = constant(new Float64Array(30), domain);
    expect(() => adjoint(square, y)).toThrow("adjoint: expected a linear operator, got square");
  });
});

describe("composition", () => {
  const taps = gaussianTaps(1);
  const kernel = { height: taps.length, width: 1, data: taps };

  it("lays nested compositions flat and keeps a single step", () => {
    const one = blur({ kernel }, domain);
    expect(composition([one])).toBe(one);
    const nested = composition([composition([one, one]), createOperator({ name: "denoise" }, { domain })]);
    expect((nested.toJSON().steps as { name: string }[]).map(({ name }) => name)).toEqual(["blur", "blur", "denoise"]);
    expect(nested.svd).toBeUndefined();
    expect(composition([one, one]).svd).toBeDefined();
  });

  it("says which step does not fit, and that there must be one", () => {
    const half = createOperator({ name: "super-resolution", scale: 2 }, { domain });
    expect(() => composition([half, half])).toThrow(
      "composition: super-resolution after super-resolution: expected pictures of shape [1, 1, 6, 5], got [1, 1, 3, 3]",
    );
    expect(() => composition([])).toThrow("composition: expected at least one step, got none");
  });
});
