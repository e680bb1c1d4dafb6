import { describe, expect, it } from "vitest";
import { constant, evaluate, gradient, input, jvp, type Op, probe, type Tensor, vjp } from "../../src/tensor/index.ts";
import { ancestors, probeOp } from "../../src/tensor/ops/index.ts";

function random(n: number, seed: number): Float64Array {
  let s = seed * 2654435761 + 12345;
  return Float64Array.from({ length: n }, () => {
    s = (s * 1664525 + 1013904223) % 4294967296;
    return s / 2147483648 - 1;
  });
}

/** Compares VJP and JVP of f with central differences in float64. */
function check(f: (x: Tensor) => Tensor, shape: number[]): void {
  const x = input(shape);
  const y = f(x);
  const x0 = random(x.size, 1);
  const v = random(x.size, 2);
  const u = random(y.size, 3);
  const [g] = vjp([y], [x], [constant(u, y.shape, "float32")]);
  const [t] = jvp([y], [x], [constant(v, x.shape, "float32")]);
  const [gv, tv] = evaluate([g, t], new Map([[x, x0]]));
  const at = (h: number) => evaluate([y], new Map([[x, x0.map((a, i) => a + h * v[i])]]))[0].data;
  const h = 1e-6;
  const [plus, minus] = [at(h), at(-h)];
  const difference = plus.map((p, i) => (p - minus[i]) / (2 * h));
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, p, i) => s + p * b[i], 0);
  for (const [i, d] of tv.data.entries()) expect(d).toBeCloseTo(difference[i], 6);
  expect(dot(gv.data, v)).toBeCloseTo(dot(u, difference), 6);
}

describe("vjp and jvp against central differences", () => {
  const w = constant(random(4 * 3 * 9, 7), [4, 3, 3, 3], "float32");
  it.each<[string, (x: Tensor) => Tensor, number[]]>([
    [
      "a convolution block",
      (x) =>
        x.add(
          x
            .conv(w, { pads: 1 })
            .relu()
            .conv(w.transpose([1, 0, 2, 3]), { pads: 1 }),
        ),
      [2, 3, 6, 5],
    ],
    [
      "a strided dilated convolution",
      (x) => x.conv(w, { stride: 2, dilation: [1, 2], pads: [1, 2, 0, 1] }),
      [1, 3, 7, 9],
    ],
    [
      "softmax attention",
      (x) =>
        x
          .matmul(x.transpose([0, 2, 1]))
          .softmax()
          .matmul(x),
      [2, 4, 3],
    ],
    [
      "reflect padding and slicing",
      (x) =>
        x
          .pad(
            [
              [2, 1],
              [3, 2],
            ],
            "reflect",
          )
          .slice([7, 0], [0, 9], [0, 1], [-2, 3]),
      [5, 4],
    ],
    [
      "circular padding",
      (x) =>
        x.pad(
          [
            [2, 1],
            [5, 2],
          ],
          "circular",
        ),
      [5, 4],
    ],
    [
      "edge padding",
      (x) =>
        x.pad(
          [
            [2, 1],
            [5, 2],
          ],
          "edge",
        ),
      [5, 4],
    ],
    ["max pooling", (x) => x.maxPool({ kernel: 3, stride: 2, pads: 1 }), [1, 2, 7, 7]],
    ["average pooling", (x) => x.averagePool({ kernel: 3, stride: 2, pads: 1 }), [1, 2, 7, 7]],
    ["cubic resize", (x) => x.resize({ size: [4, 9], mode: "cubic", antialias: true }), [1, 2, 7, 6]],
    ["nearest resize", (x) => x.resize({ size: [14, 12] }), [1, 2, 7, 6]],
    ["shuffles", (x) => x.spaceToDepth(2).square().depthToSpace(2, "DCR"), [1, 2, 4, 6]],
    ["reductions", (x) => x.logSumExp(1, true).mul(x.max(0)).add(x.norm()).add(x.prod(1, true)), [4, 5]],
    [
      "elementwise",
      (x) =>
        x.silu().add(x.gelu()).mul(x.erf()).add(x.exp().softplus().log().square().add(1).sqrt()).div(x.square().add(1)),
      [7],
    ],
    [
      "weights",
      (x) => constant(random(2 * 4 * 30, 9), [2, 4, 5, 6], "float32").conv(x, { groups: 2, stride: 2, pads: 1 }),
      [6, 2, 3, 3],
    ],
  ])("%s", (_, f, shape) => check(f, shape));
});

describe("gradient", () => {
  it("gives zeros for an input that the loss does not depend on", () => {
    const [x, z] = [input([2]), input([3])];
    const [, g] = gradient(x.square().sum(), [x, z]);
    expect(Array.from(evaluate([g], new Map())[0].data)).toEqual([0, 0, 0]);
  });
  it("refuses a loss that is not a scalar, and says so", () => {
    expect(() => gradient(input([2]), [])).toThrow("gradient: expected a scalar loss, got [2]");
  });
  it("differentiates in intermediate results, also when one lies behind another", () => {
    const x = input([3]);
    const a = x.square();
    const b = a.exp();
    const grads = gradient(b.mul(a).sum(), [x, a, b]);
    const [gx, ga, gb] = evaluate(grads, new Map([[x, [0.5, 1, -1]]])).map((v) => v.data);
    [0.5, 1, -1].forEach((v, i) => {
      const e = Math.exp(v * v);
      expect(gb[i]).toBeCloseTo(v * v, 12);
      expect(ga[i]).toBeCloseTo(e * (1 + v * v), 12);
      expect(gx[i]).toBeCloseTo(2 * v * e * (1 + v * v), 12);
    });
  });
  it("adds up several outputs and several uses of one input", () => {
    const x = input([2]);
    const [g] = vjp([x.mul(x), x.sum(), x], [x], [constant([1, 2]), constant(3), constant([10, 20])]);
    expect(Array.from(evaluate([g], new Map([[x, [5, 7]]]))[0].data)).toEqual([10 + 3 + 10, 28 + 3 + 20]);
  });
  it("lets no derivative flow through integers, comparisons and stopGradient", () => {
    const x = input([2]);
    const y = x.cast("int32").cast("float32").add(x.greater(0).cast("float32")).add(x.stopGradient());
    expect(Array.from(evaluate(gradient(y.sum(), [x]), new Map([[x, [1.5, -2]]]))[0].data)).toEqual([0, 0]);
  });
  it("marks the derivatives of a probe with one more prime each time", () => {
    const x = input([2]);
    const [g] = vjp([probe(x, "forward")], [x], [probe(x, "cotangent")]);
    const labels = (y: Tensor) =>
      ancestors([y]).flatMap((n) => (n.op === (probeOp as Op) ? [(n.attrs as { label: string }).label] : []));
    expect(labels(g)).toEqual(["cotangent", "forward'"]);
    expect(labels(vjp([g], [x], [x])[0])).toContain("forward''");
  });
  it.each<[string, () => unknown, string]>([
    ["too few cotangents", () => vjp([input([2])], [], []), "vjp: expected 1 cotangents, got 0"],
    [
      "a cotangent of another shape",
      () => {
        const x = input([2]);
        return vjp([x.exp()], [x], [input([3])]);
      },
      "vjp of exp: expected a cotangent of shape [2], got [3]",
    ],
    [
      "a tangent of another shape",
      () => {
        const x = input([2]);
        return jvp([x.exp()], [x], [input([3])]);
      },
      "jvp: expected a tangent of shape [2], got [3]",
    ],
    ["an integer loss", () => gradient(input([], "int64"), []), "gradient: expected a real loss, got int64"],
    ["an input that is not fed", () => evaluate([input([2])]), "evaluate: no value fed for an input of shape [2]"],
    [
      "a feed of another size",
      () => {
        const x = input([2]);
        return evaluate([x], new Map([[x, [1]]]));
      },
      "evaluate: expected 2 values for shape [2], got 1",
    ],
  ])("refuses %s", (_, call, message) => void expect(call).toThrow(message));
});
