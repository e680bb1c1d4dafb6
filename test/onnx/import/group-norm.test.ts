import { describe, expect, it } from "vitest";
import { importOnnx } from "../../../src/onnx/import.ts";
import { encodeNode, encodeTensor } from "../../../src/onnx/proto.ts";
import { constant, evaluate, groupNorm, input } from "../../../src/tensor/index.ts";
import { ancestors } from "../../../src/tensor/ops/index.ts";
import { bytesOfModel, value } from "../models.ts";

const gamma = [1, 2, -1, 0.5, 3, 1.5];
const beta = [0, 1, 2, 3, 4, 5];
const x = Float64Array.from({ length: 2 * 6 * 3 * 2 }, (_, i) => Math.sin(i * i));
const list = (name: string, values: readonly number[], shape = [values.length]) =>
  encodeTensor(name, Float32Array.from(values), shape, "float32");
const ints = (name: string, values: readonly number[]) =>
  encodeTensor(name, BigInt64Array.from(values, BigInt), [values.length], "int64");

/** Group normalisation in three groups as PyTorch exports it; `factor` may have any shape. */
function exported(factorShape: number[], instanceScale = 1, swapped = false) {
  const product = swapped ? ["gamma", "back"] : ["back", "gamma"];
  return bytesOfModel({
    inputs: [value("x", [2, 6, 3, 2])],
    outputs: ["y"],
    initializers: [
      ints("groups", [0, 3, -1]),
      list(
        "one",
        [1, 1, 1].map((v) => v * instanceScale),
      ),
      list("zero", [0, 0, 0]),
      list(
        "gamma",
        gamma.slice(
          0,
          factorShape.reduce((a, b) => a * b, 1),
        ),
        factorShape,
      ),
      list("beta", beta, [6, 1, 1]),
    ],
    nodes: [
      encodeNode("Shape", ["x"], ["shape"]),
      encodeNode("Reshape", ["x", "groups"], ["rows"]),
      encodeNode("InstanceNormalization", ["rows", "one", "zero"], ["norm"], { epsilon: { f: 1e-5 } }),
      encodeNode("Reshape", ["norm", "shape"], ["back"]),
      encodeNode("Mul", product, ["scaled"]),
      encodeNode("Add", ["scaled", "beta"], ["y"]),
    ],
  });
}

function run(bytes: Uint8Array) {
  const { inputs, outputs } = importOnnx(bytes);
  return {
    y: evaluate([outputs.y], new Map([[inputs.x, x]]))[0].data,
    ops: ancestors([outputs.y]).map((t) => t.op.name),
  };
}

describe("PyTorch's group normalisation", () => {
  const expected = evaluate([
    groupNorm(constant(x, [2, 6, 3, 2], "float32"), 3, {
      scale: constant(gamma),
      bias: constant(beta),
      eps: 1e-5,
    }),
  ])[0].data;

  it.each([
    [[6, 1, 1], false],
    [[1, 6, 1, 1], true],
  ] as const)("becomes one pass, factor %j", (shape, swapped) => {
    const { y, ops } = run(exported([...shape], 1, swapped));
    for (const [i, v] of y.entries()) expect(v).toBeCloseTo(expected[i], 6);
    const direct = groupNorm(input([2, 6, 3, 2]), 3, { scale: constant(gamma), bias: constant(beta), eps: 1e-5 });
    const computed = (list: readonly string[]) => list.filter((op) => op !== "constant").sort();
    expect(computed(ops)).toEqual(computed(ancestors([direct]).map((t) => t.op.name)));
  });

  it("is left as it stands where it is something else, with the same values", () => {
    const scaled = run(exported([6, 1, 1], 2));
    scaled.y.forEach((v, i) => {
      const beta = Math.floor(i / 6) % 6;
      expect(v - beta).toBeCloseTo(2 * (expected[i] - beta), 5);
    });
    const byColumn = run(exported([2])); // a factor along the width is none per channel
    byColumn.y.forEach((v, i) => {
      const beta = Math.floor(i / 6) % 6;
      expect(v - beta).toBeCloseTo(((expected[i] - beta) / gamma[beta]) * gamma[i % 2], 5);
    });
  });
});
