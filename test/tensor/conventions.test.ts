import { describe, expect, it } from "vitest";
import { constant, evaluate, gradient, input, type Tensor } from "../../src/tensor/index.ts";
import * as t from "./all.ts";

/** Derivative of Σ f(x) at the given point. */
function slope(f: (x: Tensor) => Tensor, at: number[]): number[] {
  const x = input([at.length]);
  return Array.from(evaluate(gradient(f(x).sum(), [x]), new Map([[x, at]]))[0].data, (v) => v + 0);
}

const run = (y: Tensor) => Array.from(evaluate([y])[0].data);

describe("derivatives where the function has a kink", () => {
  it.each<[string, (x: Tensor) => Tensor, number[], number[]]>([
    ["relu at 0 is 0", (x) => x.relu(), [-1, 0, 1], [0, 0, 1]],
    ["abs at 0 is 0", (x) => x.abs(), [-2, 0, 2], [-1, 0, 1]],
    ["leakyRelu at 0 is alpha", (x) => t.leakyRelu(x, 0.1), [-1, 0, 1], [0.1, 0.1, 1]],
    ["leakyRelu with a negative alpha", (x) => t.leakyRelu(x, -0.5), [-1, 1], [-0.5, 1]],
    ["elu at 0 is alpha", (x) => t.elu(x, 0.5), [0, 3], [0.5, 1]],
    ["elu with a negative alpha", (x) => t.elu(x, -2), [-1, 1], [-2 * Math.exp(-1), 1]],
    ["elu far from 0 does not overflow", (x) => t.elu(x), [900, -900], [1, 0]],
    ["prelu at 0 is the slope", (x) => t.prelu(x, constant([0.3])), [-1, 0, 1], [0.3, 0.3, 1]],
    ["clip is 1 at its limits and 0 outside", (x) => x.clip(-1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]],
    ["hardSigmoid", (x) => t.hardSigmoid(x, 0.5, 0.5), [-3, 0, 3], [0, 0.5, 0]],
    ["thresholdedRelu at the threshold is 0", (x) => t.thresholdedRelu(x, 1), [0.5, 1, 2], [0, 0, 1]],
    ["maximum shares ties", (x) => x.maximum(0), [-1, 0, 1], [0, 0.5, 1]],
    ["minimum shares ties", (x) => x.minimum(0), [-1, 0, 1], [1, 0.5, 0]],
    ["max shares ties", (x) => x.max(), [3, 1, 3, 2], [0.5, 0, 0.5, 0]],
    ["min shares ties", (x) => x.min(), [3, 1, 3, 1], [0, 0.5, 0, 0.5]],
    [
      "maxPool gives the first of equals",
      (x) => x.reshape(1, 1, 2, 2).maxPool({ kernel: 2 }),
      [5, 5, 1, 5],
      [1, 0, 0, 0],
    ],
    ["norm at 0 is 0", (x) => x.norm(), [0, 0], [0, 0]],
    ["reduceL2 at 0 is 0", (x) => t.reduceL2(x.reshape(2, 2), [1]), [0, 0, 3, 4], [0, 0, 0.6, 0.8]],
    ["rounding has none", (x) => x.round().add(x.floor()).add(x.ceil()), [0.5, 1.2], [0, 0]],
    ["sign has none", (x) => x.sign(), [-1, 0, 1], [0, 0, 0]],
    ["stopGradient", (x) => t.stopGradient(x).mul(x), [3], [3]],
    ["pow(x, 2) at 0", (x) => x.pow(2), [0, 3], [0, 6]],
    ["pow(x, 0)", (x) => x.pow(0).add(x), [0], [1]],
    ["a product with zeros", (x) => x.prod(), [0, 2, 3], [6, 0, 0]],
    ["a product with two zeros", (x) => x.prod(), [0, 0, 3], [0, 0, 0]],
    ["sigmoid far from 0", (x) => x.sigmoid(), [-800, 800], [0, 0]],
    ["softplus far from 0", (x) => x.softplus(), [-800, 800], [0, 1]],
    ["silu far from 0", (x) => x.silu(), [-800, 800], [0, 1]],
    ["logSumExp of -Infinity", (x) => x.logSumExp(), [-Infinity, 0], [0, 1]],
    ["logSoftmax where the softmax underflows", (x) => t.logSoftmax(x).narrow(0, 0, 1), [-2000, 0], [1, -1]],
  ])("%s", (_, f, at, expected) => {
    slope(f, at).forEach((v, i) => void expect(v).toBeCloseTo(expected[i], 12));
  });
});

describe("values at the edges of the domain", () => {
  it("logSumExp of nothing but -Infinity is -Infinity", () => {
    expect(run(constant([-Infinity, -Infinity]).logSumExp())).toEqual([-Infinity]);
  });
  it("comparisons, minimum and maximum follow IEEE for NaN", () => {
    const nan = constant([Number.NaN]);
    expect(run(nan.equal(nan))).toEqual([0]);
    expect(run(nan.maximum(1))).toEqual([Number.NaN]);
    expect(run(nan.relu())).toEqual([Number.NaN]);
    expect(run(t.isNotANumber(constant([1, Number.NaN])))).toEqual([0, 1]);
  });
  it("rounds half to even", () => {
    expect(run(constant([0.5, 1.5, 2.5, -0.5, -1.5]).round()).map((v) => v + 0)).toEqual([0, 2, 2, 0, -2]);
  });
  it("gives remainders with the sign of the divisor (mod) or of the dividend (fmod)", () => {
    const [a, b] = [constant([5.3, -5.3, 5.3, -5.3, 6]), constant([2, 2, -2, -2, 2])];
    run(t.mod(a, b)).forEach((v, i) => void expect(v).toBeCloseTo([1.3, 0.7, -0.7, -1.3, 0][i], 12));
    run(t.fmod(a, b)).forEach((v, i) => void expect(v).toBeCloseTo([1.3, -1.3, 1.3, -1.3, 0][i], 12));
  });
  it("divides and wraps integers as machines do", () => {
    const bytes = constant([250, 7], [2], "uint8");
    expect(run(bytes.add(constant([10, 1], [2], "uint8")))).toEqual([4, 8]);
    expect(run(constant([-7, 7], [2], "int32").div(constant([2, 2], [2], "int32")))).toEqual([-3, 3]);
  });
  it("says which infinities are meant", () => {
    const x = constant([1, Infinity, -Infinity, Number.NaN]);
    expect(run(t.isInfinite(x))).toEqual([0, 1, 1, 0]);
    expect(run(t.isInfinite(x, { negative: false }))).toEqual([0, 1, 0, 0]);
    expect(run(t.isInfinite(x, { positive: false }))).toEqual([0, 0, 1, 0]);
  });
  it("takes the first of equal entries in argMax and argMin", () => {
    expect(run(t.argMax(constant([1, 3, 3]), 0))).toEqual([1]);
    expect(run(t.argMin(constant([3, 1, 1]), 0))).toEqual([1]);
  });
  it("makes ranges, identities and one-hot rows", () => {
    expect(run(t.range(1, 6, 2))).toEqual([1, 3, 5]);
    expect(run(t.range(3, 0, -1, "int64"))).toEqual([3, 2, 1]);
    expect(run(t.range(3, 0))).toEqual([]);
    expect(run(t.eye(2, 3, 1))).toEqual([0, 1, 0, 0, 0, 1]);
    expect(run(t.eye(3, 2, -1))).toEqual([0, 0, 1, 0, 0, 1]);
    expect(run(t.oneHot(constant([1, -1, 7], [3], "int64"), 3))).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0]);
  });
});

describe("neutral arithmetic", () => {
  const x = input([2, 3]);
  it.each<[string, Tensor]>([
    ["x + 0", x.add(0)],
    ["0 + x", t.add(0, x)],
    ["x - 0", x.sub(0)],
    ["x·1", x.mul(1)],
    ["x/1", x.div(1)],
    ["x^1", x.pow(1)],
    ["x times expanded ones", t.ones([]).expand([2, 3]).mul(x)],
    ["a sum with zeros of a smaller shape", x.add(t.zeros([3]))],
    ["two flips", x.flip(0).flip(0)],
    ["two transposes", x.transpose().transpose()],
    ["two reshapes", x.reshape(6).reshape(2, 3)],
    ["a whole slice", x.slice([0, 0], [2, 3])],
    [
      "no padding",
      x.pad([
        [0, 0],
        [0, 0],
      ]),
    ],
    ["a clip without limits", x.clip()],
  ])("%s vanishes", (_, y) => void expect(y).toBe(x));

  it("leaves expansions to broadcasting, but for one that fixes the shape", () => {
    const row = input([3]);
    expect(x.add(row.expand([2, 3])).inputs[1]).toBe(row);
    expect(row.expand([2, 3]).mul(row.expand([2, 3])).shape).toEqual([2, 3]);
    expect(row.expand([4, 2, 3]).mul(x).shape).toEqual([4, 2, 3]);
  });
  it("keeps zeros that widen the shape", () => {
    expect(x.add(t.zeros([4, 2, 3])).shape).toEqual([4, 2, 3]);
  });
});
