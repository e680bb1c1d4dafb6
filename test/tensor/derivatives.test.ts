import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as tensor from "../../src/tensor/index.ts";
import { ancestors, constant, evaluate, input, jvp, type Op, type Tensor, vjp } from "../../src/tensor/index.ts";
import { cases, type Problem, values } from "./cases/index.ts";

const isReal = (x: { dtype: string }) => x.dtype.startsWith("float");
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, p, i) => s + p * b[i], 0);

interface Graph {
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  at(data: readonly Float64Array[], outputs: readonly Tensor[]): Float64Array[];
}

function graphOf({ inputs, build }: Problem): Graph {
  const xs = inputs.map((v) => input(v.shape, v.dtype));
  const built = build(...xs);
  const ys = built instanceof tensor.Tensor ? [built] : built;
  return {
    xs,
    ys,
    at: (data, outputs) => evaluate(outputs, new Map(xs.map((x, i) => [x, data[i]]))).map((v) => v.data),
  };
}

const random = (shapes: readonly Tensor[], seed: number) =>
  shapes.map((x, i) => values(x.size, [-1, 1], seed + 7919 * i));
const constants = (like: readonly Tensor[], data: readonly Float64Array[]) =>
  like.map((x, i) => constant(data[i], x.shape, x.dtype));

/** Derivative of `outputs` along `direction` of input k, by central differences. */
function difference(
  g: Graph,
  data: readonly Float64Array[],
  outputs: readonly Tensor[],
  k: number,
  direction: Float64Array,
): Float64Array[] {
  const h = 1e-5;
  const moved = (sign: number) =>
    g.at(
      data.map((d, i) => (i === k ? d.map((v, j) => v + sign * h * direction[j]) : d)),
      outputs,
    );
  const [plus, minus] = [moved(1), moved(-1)];
  return plus.map((p, o) => p.map((v, j) => (v - minus[o][j]) / (2 * h)));
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < actual.length; i++)
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * scale))
      expect(actual[i], `${what}, entry ${i}`).toBe(expected[i]);
}

function checkDerivatives(problem: Problem): void {
  const g = graphOf(problem);
  const data = problem.inputs.map((v) => v.data);
  const real = problem.inputs.flatMap((v, i) => (isReal(v) ? [i] : []));
  const ys = g.ys.filter(isReal);
  if (real.length === 0 || ys.length === 0) return;
  const xs = real.map((i) => g.xs[i]);
  const v = random(xs, 11);
  const u = random(ys, 23);
  const pulled = vjp(ys, xs, constants(ys, u));
  const gradients = g.at(data, pulled);
  for (const [j, k] of real.entries()) {
    const expected = difference(g, data, ys, k, v[j]);
    const tangents = xs.map((x, i) => constant(i === j ? v[j] : new Float64Array(x.size), x.shape, x.dtype));
    const along = g.at(data, jvp(ys, xs, tangents));
    ys.forEach((_, o) => void close(along[o], expected[o], 1e-6, `jvp in input ${k} ${problem.note ?? ""}`));
    const total = expected.reduce((s, e, o) => s + dot(u[o], e), 0);
    close([dot(gradients[j], v[j])], [total], 1e-6, `vjp in input ${k} ${problem.note ?? ""}`);
    pulled.forEach((p, i) => void expect(p.shape).toEqual(xs[i].shape));
  }
}

/** The derivative of the VJP, along a direction, against differences of the VJP. */
function checkSecondOrder(problem: Problem): void {
  const g = graphOf(problem);
  const data = problem.inputs.map((v) => v.data);
  const real = problem.inputs.flatMap((v, i) => (isReal(v) ? [i] : []));
  const ys = g.ys.filter(isReal);
  if (real.length === 0 || ys.length === 0) return;
  const xs = real.map((i) => g.xs[i]);
  const v = random(xs, 31);
  const pulled = vjp(ys, xs, constants(ys, random(ys, 41)));
  const w = random(pulled, 43);
  const second = g.at(data, vjp(pulled, xs, constants(pulled, w)));
  for (const [j, k] of real.entries()) {
    const expected = difference(g, data, pulled, k, v[j]).reduce((s, e, i) => s + dot(w[i], e), 0);
    close([dot(second[j], v[j])], [expected], 1e-5, `second derivative in input ${k} ${problem.note ?? ""}`);
  }
}

describe("derivatives against central differences in float64", () => {
  it.each(Object.keys(cases))("%s", (name) => {
    fc.assert(fc.property(cases[name], checkDerivatives), { numRuns: 40, seed: 1 });
  });
});

describe("second derivatives", () => {
  it.each(Object.keys(cases))("%s", (name) => {
    fc.assert(fc.property(cases[name], checkSecondOrder), { numRuns: 12, seed: 2 });
  });
});

describe("the table of cases", () => {
  const sampled = Object.values(cases).flatMap((arbitrary) => fc.sample(arbitrary, { numRuns: 12, seed: 3 }));

  it("exercises every op", () => {
    const seen = new Set<Op>();
    for (const problem of sampled) {
      const { xs, ys } = graphOf(problem);
      const real = ys.filter(isReal);
      const pulled = vjp(real, xs.filter(isReal), constants(real, random(real, 5)));
      for (const node of ancestors([...ys, ...pulled])) seen.add(node.op);
    }
    // A parameter is a constant to derivatives (test/tensor/parameter.test.ts).
    const table = Object.entries(tensor).filter(([name]) => name.endsWith("Op") && name !== "parameterOp");
    expect(table.length).toBeGreaterThan(70);
    expect(table.filter(([, op]) => !seen.has(op as Op)).map(([name]) => name)).toEqual([]);
  });

  it("exercises every function that builds tensors from tensors", () => {
    // What makes constants, walks graphs or measures shapes is tested elsewhere.
    const others = new Set(
      (
        "Tensor apply input constant parameter zeros ones range eye asTensor constantValue fromBfloat16 ancestors gradient vjp jvp evaluate broadcastShapes " +
        "sameShape shapeError show sizeOf substitute fromFloat64 toFloat64 checkSameType evaluateBinary padIndices"
      ).split(" "),
    );
    const functions = Object.entries(tensor).filter(([name, f]) => typeof f === "function" && !others.has(name));
    expect(functions.map(([name]) => name).filter((name) => !(name in cases))).toEqual([]);
  });
});
