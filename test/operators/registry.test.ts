import { Matrix, SingularValueDecomposition, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  adjoint,
  conjugateGradient,
  createOperator,
  domainOf,
  type Operator,
  solveGram,
  solveNormal,
} from "../../src/operators/index.ts";
import { memo } from "../../src/operators/separable.ts";
import { normals } from "../../src/random/index.ts";
import { constant, evaluate, sizeOf, type Tensor } from "../../src/tensor/index.ts";
import { cases } from "./cases.ts";

const random = (shape: readonly number[], purpose: string): Tensor =>
  constant(Float64Array.from(normals({ seed: 1, purpose }, sizeOf(shape))), shape, "float32");
const value = (x: Tensor): Float64Array => evaluate([x])[0].data;
const dot = (a: Float64Array, b: Float64Array) => a.reduce((s, v, i) => s + v * b[i], 0);
const norm = (a: Float64Array) => Math.sqrt(dot(a, a));
const batch = (shape: readonly number[], n: number) => [n, ...shape.slice(1)];

/** Largest difference, relative to the size of the expected values. */
function distance(got: Float64Array, expected: Float64Array): number {
  expect(got.length).toBe(expected.length);
  const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  return got.reduce((m, v, i) => Math.max(m, Math.abs(v - expected[i])), 0) / scale;
}

function identity(shape: readonly number[]): Tensor {
  const n = sizeOf(shape);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return constant(data, batch(shape, n), "float32");
}

/** The operator as a matrix, m × n, and what other maps do to every basis vector. */
function matrixOf(map: (x: Tensor) => Tensor, domain: readonly number[]): Matrix {
  const n = sizeOf(domain);
  const data = value(map(identity(domain)));
  const m = data.length / n;
  return Matrix.zeros(m, n).apply(function set(this: Matrix, i: number, j: number) {
    this.set(i, j, data[j * m + i]);
  });
}

describe.each(cases)("$title", ({ spec, domain }) => {
  const operator: Operator = createOperator(spec, { domain });
  const { range } = operator;
  const x = random(batch(domain, 2), "x");
  const y = random(batch(range, 2), "y");
  const A = (v: Tensor) => operator.apply(v);
  const matrix = memo(() => matrixOf(A, domain));
  const singularValues = memo(() => new SingularValueDecomposition(matrix(), { autoTranspose: true }).diagonal);

  it("has an adjoint, is linear, and keeps the samples of a batch apart", () => {
    const [ax, aty] = [value(A(x)), value(adjoint(operator, y))];
    const scale = norm(ax) * norm(value(y)) + 1;
    expect(Math.abs(dot(ax, value(y)) - dot(value(x), aty))).toBeLessThan(1e-10 * scale);
    const other = random(batch(domain, 2), "other");
    const [left, right] = [A(x.mul(1.7).add(other.mul(-0.3))), A(x).mul(1.7).add(A(other).mul(-0.3))];
    expect(distance(value(left), value(right))).toBeLessThan(1e-10);
    const second = value(A(x.narrow(0, 1, 1)));
    expect(distance(ax.slice(second.length), second)).toBeLessThan(1e-13);
  });

  it("has the range it says and refuses other pictures", () => {
    expect(A(x).shape).toEqual(batch(range, 2));
    expect(adjoint(operator, y).shape).toEqual(batch(domain, 2));
    const wrong = [1, domain[1] + 1, domain[2], domain[3]];
    expect(() => A(random(wrong, "x"))).toThrow(/expected \[N, /);
  });

  it("has a pseudo-inverse", () => {
    const { pseudoInverse } = operator;
    if (!pseudoInverse) return expect(operator.exactPseudoInverse).toBeFalsy();
    const plus = (v: Tensor) => pseudoInverse(v);
    const ax = A(x);
    if (operator.exactPseudoInverse) expect(distance(value(A(plus(ax))), value(ax))).toBeLessThan(1e-8);
    // Truncated inverses are exact on what they keep; those made of steps or iterations promise less.
    if (operator.svd && operator.name !== "composition") {
      const inverted = value(plus(y));
      expect(distance(value(plus(A(plus(y)))), inverted)).toBeLessThan(1e-8);
    }
    expect(value(plus(y)).every(Number.isFinite)).toBe(true);
  });

  it("has an orthogonal SVD that gives the operator back", () => {
    const { svd } = operator;
    if (!svd) return;
    const z = svd.vt(x);
    expect(sizeOf(z.shape)).toBe(x.size);
    expect(distance(value(svd.v(z)), value(x))).toBeLessThan(1e-10);
    const w = random(z.shape, "w");
    expect(distance(value(svd.vt(svd.v(w))), value(w))).toBeLessThan(1e-10);
    // With more measurements than pixels the left singular vectors span what A can give.
    const spanned = sizeOf(range) > sizeOf(domain) ? A(random(batch(domain, 2), "y")) : y;
    expect(distance(value(svd.u(svd.ut(spanned))), value(spanned))).toBeLessThan(1e-10);
    expect(distance(value(svd.u(svd.singularValues.mul(z))), value(A(x)))).toBeLessThan(1e-10);
    expect(distance(value(svd.v(svd.singularValues.mul(svd.ut(y)))), value(adjoint(operator, y)))).toBeLessThan(1e-10);
    const exact = singularValues();
    const mine = value(svd.singularValues.expand([1, ...z.shape.slice(1)])).toSorted((a, b) => b - a);
    const padded = [...exact, ...new Array(mine.length).fill(0)].slice(0, mine.length).toSorted((a, b) => b - a);
    expect(distance(mine, Float64Array.from(padded))).toBeLessThan(1e-9);
  });

  it("solves its normal equations as a dense solver does", () => {
    const dense = matrix();
    const lambda = 0.3;
    const shift = (m: Matrix) => m.add(Matrix.eye(m.rows, m.rows, lambda));
    const toMatrix = (v: Tensor, count: number) => new Matrix([...rowsOf(value(v), count)]).transpose();
    const flat = (m: Matrix) => Float64Array.from(m.transpose().to1DArray());
    const normal = solve(shift(dense.transpose().mmul(dense)), toMatrix(x, 2));
    const gram = solve(shift(dense.mmul(dense.transpose())), toMatrix(y, 2));
    // Enough iterations for an exact answer where there is no closed form.
    const steps = 60;
    expect(distance(value(solveNormal(operator, x, lambda, steps)), flat(normal))).toBeLessThan(1e-8);
    expect(distance(value(solveGram(operator, y, lambda, steps)), flat(gram))).toBeLessThan(1e-8);
    expect(distance(value(conjugateGradient(operator, x, lambda, steps)), flat(normal))).toBeLessThan(1e-8);
    const perSample = constant([0.3, 2], [2, 1, 1, 1]);
    const both = value(solveNormal(operator, x, perSample, steps));
    expect(distance(both.slice(0, both.length / 2), flat(normal).slice(0, both.length / 2))).toBeLessThan(1e-8);
  });

  it("bounds its norm", () => {
    const largest = Math.max(...singularValues());
    expect(operator.normSquared).toBeGreaterThanOrEqual(largest ** 2 * (1 - 1e-9));
    const loose = operator.svd ? 1.01 : 3;
    if (largest > 0) expect(operator.normSquared).toBeLessThanOrEqual(largest ** 2 * loose);
  });

  it("is rebuilt by its own specification and from a measurement", () => {
    const json = JSON.parse(JSON.stringify(operator.toJSON()));
    const again = createOperator(json, { domain });
    expect(again.toJSON()).toEqual(json);
    expect(value(again.apply(x))).toEqual(value(A(x)));
    const size = { height: domain[2], width: domain[3] };
    const restored = createOperator(json, { measurement: range, size });
    expect(restored.range).toEqual(range);
    expect(restored.domain).toEqual(domainOf(json, range, size));
  });

  it("makes a classical estimate", () => {
    if (!operator.estimate) return;
    const estimate = operator.estimate(value(y).slice(0, sizeOf(range)), 0.1);
    expect(estimate.length).toBe(sizeOf(domain));
    expect(estimate.every(Number.isFinite)).toBe(true);
  });
});

function* rowsOf(data: Float64Array, count: number): Generator<number[]> {
  const n = data.length / count;
  for (let i = 0; i < count; i++) yield Array.from(data.subarray(i * n, (i + 1) * n));
}
