import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { checkOperator, checkOperatorOnEngine } from "../../src/laws/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { checkShape, createOperator, type Operator, type OperatorSpec } from "../../src/operators/index.ts";
import { constant, type Tensor } from "../../src/tensor/index.ts";

const domain = [1, 2, 4, 6];
/** Halves every pixel: right in every respect. */
const halving = (changes: Partial<Operator> = {}): Operator => ({
  name: "halving",
  domain,
  range: domain,
  linear: true,
  normSquared: 0.25,
  apply(x) {
    checkShape("halving", domain, x);
    return x.mul(0.5);
  },
  pseudoInverse: (y) => y.mul(2),
  exactPseudoInverse: true,
  solveNormal: (x, lambda) => x.div(lambda.add(0.25)),
  solveGram: (y, lambda) => y.div(lambda.add(0.25)),
  svd: {
    vt: (x) => x,
    v: (z) => z,
    ut: (y) => y,
    u: (z) => z,
    singularValues: constant(0.5, [1, 1, 1, 1], "float32"),
  },
  toJSON: () => ({ name: "halving" }),
  ...changes,
});
const failures = (operator: Operator) =>
  checkOperator(operator)
    .checks.filter(({ status }) => status === "fail")
    .map(({ name }) => name);
const applying = (map: (x: Tensor) => Tensor, changes: Partial<Operator> = {}) => {
  // Only the maps themselves are under test.
  const {
    pseudoInverse: _p,
    exactPseudoInverse: _e,
    solveNormal: _n,
    solveGram: _g,
    svd: _s,
    ...rest
  } = halving(changes);
  return {
    ...rest,
    apply(x: Tensor) {
      checkShape("halving", domain, x);
      return map(x);
    },
  };
};

it("passes an operator that is right, and says with which figures", () => {
  const report = checkOperator(halving());
  expect(report).toMatchObject({ operator: "halving", domain, range: domain, linear: true, passed: true });
  expect(report.spec).toEqual({ name: "halving" });
  const adjoint = report.checks.find(({ name }) => name === "adjoint");
  expect(adjoint).toMatchObject({ status: "pass", limit: 1e-9 });
  expect(adjoint?.figure).toBeLessThan(1e-12);
});

describe("finds", () => {
  const wrong: [string, Operator, string[]][] = [
    ["an offset", applying((x) => x.mul(0.5).add(0.1)), ["linearity"]],
    ["a bend", applying((x) => x.tanh().mul(0.5)), ["linearity"]],
    ["a lost derivative", applying((x) => x.stopGradient().mul(0.3).add(x.mul(0.2))), ["adjoint", "gradient"]],
    ["samples that mix", applying((x) => x.mul(0.5).sub(x.mean(0, true).mul(0.1))), ["batch"]],
    ["a norm too small", halving({ normSquared: 0.2 }), ["norm"]],
    ["a norm that is no number", halving({ normSquared: Number.NaN }), ["norm"]],
    ["another range", halving({ range: [1, 2, 4, 5] }), ["shapes"]],
    ["pictures of any size", halving({ apply: (x) => x.mul(0.5) }), ["shapes"]],
    ["a wrong inverse", halving({ pseudoInverse: (y) => y.mul(2.1) }), ["pseudo-inverse"]],
    ["wrong normal equations", halving({ solveNormal: (x, lambda) => x.div(lambda.add(0.5)) }), ["normal equations"]],
    [
      "an empty entry that is not",
      halving({ observed: constant(Float64Array.of(1, 0), [1, 2, 1, 1], "float32") }),
      ["masks"],
    ],
    ["a guess of another size", halving({ estimate: () => new Float64Array(3) }), ["estimate"]],
    [
      "a wrong SVD",
      halving({ svd: { ...(halving().svd as NonNullable<Operator["svd"]>), v: (z) => z.flip(3) } }),
      ["svd"],
    ],
    [
      "a derivative that is not finite",
      applying((x) => x.square().sqrt().mul(0).add(x.sub(x).sqrt()), { linear: false }),
      ["gradient"],
    ],
  ];
  it.each(wrong)("%s", (_, operator, expected) => {
    const found = failures(operator);
    for (const name of expected) expect(found).toContain(name);
  });

  it("what an operator throws", () => {
    const { checks, passed } = checkOperator(
      halving({
        estimate() {
          throw new Error("no such luck");
        },
      }),
    );
    expect(passed).toBe(false);
    expect(checks.find(({ name }) => name === "estimate")?.found).toBe("throws: no such luck");
  });
});

it("gives advice where nothing is wrong", () => {
  const hintOf = (operator: Operator, name: string) =>
    checkOperator(operator).checks.find((c) => c.name === name)?.hint;
  expect(hintOf(halving({ linear: false }), "linearity")).toMatch(/with linear: true more solvers/);
  expect(hintOf(halving({ exactPseudoInverse: false }), "pseudo-inverse")).toMatch(/exactPseudoInverse: true/);
  expect(hintOf(halving({ normSquared: 4 }), "norm")).toMatch(/16 times too large/);
});

describe("the library's own operators", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.dispose());

  const specs: [OperatorSpec, channels?: number][] = [
    [{ name: "ct", angles: 7 }],
    [{ name: "ct", angles: [0, 30, 75], circle: true, unit: "pixel" }, 1],
    [{ name: "mri", acceleration: 3 }],
    [{ name: "mri", coils: 4, pattern: "equispaced", acceleration: 2 }, 1],
    [{ name: "mri-complex", pattern: "poisson" }, 2],
    [{ name: "phase-retrieval" }, 1],
    [{ name: "phase-retrieval", values: "unit", oversample: 1 }],
    [{ name: "nonlinear-blur" }],
    [{ name: "inpaint", mask: { type: "random", missing: 0.5, seed: 1 } }],
    [{ name: "super-resolution", scale: 2 }],
    [{ name: "compressed-sensing", ratio: 0.5 }],
  ];
  it.each(specs)("%j", async (spec, channels = 3) => {
    const operator = createOperator(spec, { domain: [1, channels, 16, 8] });
    const { checks } = await checkOperatorOnEngine(operator, engine);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
  });
});
