import { describe, expect, it } from "vitest";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import * as t from "./all.ts";
import { values } from "./cases/index.ts";

const random = (shape: number[], seed: number): [Tensor, Float64Array] => {
  const data = values(
    shape.reduce((a, b) => a * b, 1),
    [-1, 2],
    seed,
  );
  return [constant(data, shape, "float32"), data];
};
const run = (y: Tensor) => evaluate([y])[0].data;
const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i], 11);
};

/** Zero mean and unit variance for each run of `n` entries. */
function standardize(data: Float64Array, n: number, eps: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let at = 0; at < data.length; at += n) {
    const row = data.subarray(at, at + n);
    const mean = row.reduce((s, v) => s + v, 0) / n;
    const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / n;
    for (let i = 0; i < n; i++) out[at + i] = (row[i] - mean) / Math.sqrt(variance + eps);
  }
  return out;
}

describe("normalisation against its definition", () => {
  const [x, data] = random([2, 6, 4, 5], 1);
  const [scale, gamma] = random([6], 2);
  const [bias, beta] = random([6], 3);
  const perChannel = (y: Float64Array) =>
    y.map((v, i) => v * gamma[Math.floor(i / 20) % 6] + beta[Math.floor(i / 20) % 6]);

  it("groupNorm", () => {
    close(run(t.groupNorm(x, 3, { scale, bias, eps: 1e-3 })), perChannel(standardize(data, 40, 1e-3)));
    close(run(t.groupNorm(x, 1)), standardize(data, 120, 1e-5));
  });
  it("instanceNorm", () =>
    void close(run(t.instanceNorm(x, { scale, bias })), perChannel(standardize(data, 20, 1e-5))));
  it("layerNorm, over one axis and over several", () => {
    const [w, wide] = random([4, 5], 4);
    close(run(t.layerNorm(x)), standardize(data, 5, 1e-5));
    close(
      run(t.layerNorm(x, { axis: 2, scale: w })),
      standardize(data, 20, 1e-5).map((v, i) => v * wide[i % 20]),
    );
  });
  it("rmsNorm", () => {
    const expected = data.map((v, i) => {
      const row = data.subarray(i - (i % 5), i - (i % 5) + 5);
      return v / Math.sqrt(row.reduce((s, r) => s + r * r, 0) / 5 + 1e-6);
    });
    close(run(t.rmsNorm(x, { eps: 1e-6 })), expected);
  });
});

describe("attention", () => {
  const [q, k, v] = [random([2, 3, 4], 1)[0], random([2, 5, 4], 2)[0], random([2, 5, 2], 3)[0]];
  it("is the softmax of scaled scores times the values", () => {
    const scores = q.matmul(k.transpose([0, 2, 1])).div(2);
    const weights = scores.exp().div(scores.exp().sum(-1, true));
    close(run(t.attention(q, k, v)), run(weights.matmul(v)));
  });
  it("sees only the keys that a bool mask keeps", () => {
    const keep = constant([1, 1, 0, 0, 0], [1, 5], "bool");
    close(run(t.attention(q, k, v, { mask: keep })), run(t.attention(q, k.narrow(1, 0, 2), v.narrow(1, 0, 2))));
  });
});

describe("einsum", () => {
  const [a, b] = [random([2, 3, 4], 1)[0], random([2, 4, 5], 2)[0]];
  it.each<[string, Tensor[], () => Tensor]>([
    ["bij,bjk->bik", [a, b], () => a.matmul(b)],
    ["bij,bjk->ikb", [a, b], () => a.matmul(b).transpose([1, 2, 0])],
    ["bij,bjk", [a, b], () => a.matmul(b).sum(0)],
    ["...ij,...jk", [a, b], () => a.matmul(b)],
    ["ijk->j", [a], () => a.sum([0, 2])],
    ["kji", [a], () => a.transpose([2, 1, 0])],
    ["bij,ckl->", [a, b], () => a.sum().mul(b.sum())],
    [
      "bij,bjk,bkl->bl",
      [a, b, b.transpose([0, 2, 1])],
      () =>
        a
          .matmul(b)
          .matmul(b.transpose([0, 2, 1]))
          .sum(1),
    ],
    ["ii", [a.reshape(24).narrow(0, 0, 9).reshape(3, 3)], () => a.reshape(24).gather([0, 4, 8]).sum()],
    ["bij,bij->b", [a, a], () => a.square().sum([1, 2])],
  ])("%s", (equation, operands, expected) => {
    const [y, z] = [t.einsum(equation, ...operands), expected()];
    expect(y.shape).toEqual(z.shape);
    close(run(y), run(z));
  });
});

describe("trilu and cumsum", () => {
  it("keep triangles and add up", () => {
    const x = constant([1, 2, 3, 4, 5, 6], [2, 3]);
    expect([...run(t.trilu(x))]).toEqual([1, 2, 3, 0, 5, 6]);
    expect([...run(t.trilu(x, { upper: false, k: -1 }))]).toEqual([0, 0, 0, 4, 0, 0]);
    expect([...run(t.cumsum(x, 1))]).toEqual([1, 3, 6, 4, 9, 15]);
    expect([...run(t.cumsum(x, 1, { exclusive: true, reverse: true }))]).toEqual([5, 3, 0, 11, 6, 0]);
  });
});

describe("a pointwise convolution beside a pixel shuffle", () => {
  const [x, [w, u], b] = [
    random([2, 3, 4, 6], 1)[0],
    [random([5, 12, 1, 1], 2)[0], random([8, 3, 1, 1], 3)[0]],
    random([8], 4)[0],
  ];
  const barrier = (y: Tensor) => t.probe(y, "apart");
  it("is the same joined and apart", () => {
    const bias = b.narrow(0, 0, 5);
    close(run(x.spaceToDepth(2).conv(w, { bias })), run(barrier(x.spaceToDepth(2)).conv(w, { bias })));
    close(run(x.conv(u, { bias: b }).depthToSpace(2)), run(barrier(x.conv(u, { bias: b })).depthToSpace(2)));
    close(run(x.conv(u).depthToSpace(2)), run(barrier(x.conv(u)).depthToSpace(2)));
  });
});

describe("convTranspose", () => {
  // The plain definition: every input pixel adds its copy of the kernel.
  const naive = (
    x: Float64Array,
    w: Float64Array,
    n: number,
    k: number,
    stride: number,
    pad: [number, number],
    extra: number,
  ) => {
    const full = new Float64Array((n - 1) * stride + k + extra);
    for (const [i, v] of x.entries()) for (const [j, u] of w.entries()) full[i * stride + j] += v * u;
    return full.slice(pad[0], full.length - pad[1]);
  };
  it.each<[number, [number, number], number]>([
    [1, [0, 0], 0],
    [2, [1, 0], 1],
    [1, [0, 0], 2],
    [1, [1, 2], 1],
    [1, [0, 1], 3],
    [2, [1, 1], 3],
  ])("of stride %i, pads %j, output padding %i", (stride, pads, outputPadding) => {
    const [x, xs] = random([1, 1, 4], 1);
    const [w, ws] = random([1, 1, 3], 2);
    const y = t.convTranspose(x, w, { stride, pads, outputPadding, bias: constant([0.5]) });
    close(
      run(y),
      naive(xs, ws, 4, 3, stride, pads, outputPadding).map((v) => v + 0.5),
    );
  });
});
