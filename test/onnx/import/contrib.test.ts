import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { importOnnx } from "../../../src/onnx/import.ts";
import { encodeNode, encodeTensor, type NodeProto } from "../../../src/onnx/proto.ts";
import { evaluate, sizeOf } from "../../../src/tensor/index.ts";
import { bytesOfModel, value } from "../models.ts";

// Operators of ONNX Runtime's own domain have no published test data; ONNX Runtime itself is the oracle here.

function random(n: number, seed: number): Float32Array {
  let s = seed * 2654435761 + 12345;
  return Float32Array.from({ length: n }, () => {
    s = (s * 1664525 + 1013904223) % 4294967296;
    return s / 2147483648 - 1;
  });
}

type Weights = readonly (readonly [name: string, ...shape: number[]])[];
const ms = (type: string, inputs: string[], attributes: Parameters<typeof encodeNode>[3] = {}, outputs = ["y"]) =>
  encodeNode(type, inputs, outputs, attributes, "com.microsoft");

const cases: [string, NodeProto, number[], Weights][] = [
  ["QuickGelu", ms("QuickGelu", ["x"], { alpha: { f: 1.702 } }), [2, 5], []],
  ["QuickGelu as SiLU", ms("QuickGelu", ["x"], { alpha: { f: 1 } }), [2, 5], []],
  ["Gelu", ms("Gelu", ["x"]), [2, 5], []],
  ["FastGelu", ms("FastGelu", ["x", "b"]), [2, 5], [["b", 5]]],
  ["BiasGelu", ms("BiasGelu", ["x", "b"]), [2, 5], [["b", 5]]],
  [
    "FusedConv",
    ms("FusedConv", ["x", "w", "b"], { activation: { s: "Relu" }, pads: { ints: [1, 1, 1, 1] } }),
    [1, 3, 6, 5],
    [
      ["w", 4, 3, 3, 3],
      ["b", 4],
    ],
  ],
  [
    "FusedConv with a sum",
    ms("FusedConv", ["x", "w", "b", "z"], { activation: { s: "Relu" }, pads: { ints: [1, 1, 1, 1] } }),
    [1, 3, 6, 5],
    [
      ["w", 4, 3, 3, 3],
      ["b", 4],
      ["z", 1, 4, 6, 5],
    ],
  ],
  [
    "FusedConv with a leaky ReLU",
    ms("FusedConv", ["x", "w"], { activation: { s: "LeakyRelu" }, activation_params: { floats: [0.2] } }),
    [1, 3, 6, 5],
    [["w", 4, 3, 3, 3]],
  ],
  [
    "FusedMatMul",
    ms("FusedMatMul", ["x", "w"], { alpha: { f: 0.5 }, transA: { i: 1 }, transB: { i: 1 } }),
    [2, 4, 3],
    [["w", 2, 5, 4]],
  ],
  [
    "SkipLayerNormalization",
    ms("SkipLayerNormalization", ["x", "s", "g", "c", "b"], { epsilon: { f: 1e-5 } }),
    [2, 3, 8],
    [
      ["s", 2, 3, 8],
      ["g", 8],
      ["c", 8],
      ["b", 8],
    ],
  ],
  [
    "SkipSimplifiedLayerNormalization",
    ms("SkipSimplifiedLayerNormalization", ["x", "s", "g"], { epsilon: { f: 1e-5 } }),
    [2, 3, 8],
    [
      ["s", 2, 3, 8],
      ["g", 8],
    ],
  ],
  [
    "SimplifiedLayerNormalization",
    encodeNode("SimplifiedLayerNormalization", ["x", "g"], ["y"], { epsilon: { f: 1e-5 }, axis: { i: -1 } }),
    [2, 3, 8],
    [["g", 8]],
  ],
  [
    "MultiHeadAttention",
    ms("MultiHeadAttention", ["x", "k", "v"], { num_heads: { i: 2 } }),
    [1, 4, 8],
    [
      ["k", 1, 6, 8],
      ["v", 1, 6, 8],
    ],
  ],
  [
    "MultiHeadAttention with a bias",
    ms("MultiHeadAttention", ["x", "k", "v", "b"], { num_heads: { i: 2 }, scale: { f: 0.3 } }),
    [2, 4, 8],
    [
      ["k", 2, 6, 8],
      ["v", 2, 6, 8],
      ["b", 24],
    ],
  ],
];

describe("operators of ONNX Runtime", () => {
  it.each(cases)("%s", async (_, node, shape, weights) => {
    const bytes = bytesOfModel({
      inputs: [value("x", shape)],
      outputs: ["y"],
      initializers: weights.map(([name, ...dims], i) =>
        encodeTensor(name, random(sizeOf(dims), i + 2), dims, "float32"),
      ),
      nodes: [node],
    });
    const x = random(sizeOf(shape), 1);
    const session = await InferenceSession.create(bytes);
    const expected = (await session.run({ x: new OrtTensor("float32", x, shape) })).y;
    const model = importOnnx(bytes);
    const [y] = evaluate([model.outputs.y], new Map([[model.inputs.x, x]]));
    expect(y.shape).toEqual([...expected.dims]);
    const data = expected.data as Float32Array;
    for (const [i, v] of y.data.entries()) expect(Math.abs(v - data[i])).toBeLessThan(1e-5 * (1 + Math.abs(v)));
  });

  it("GroupNorm, channels last, is the standard operator between two transpositions", () => {
    const weights = [encodeTensor("g", random(4, 2), [4], "float32"), encodeTensor("b", random(4, 3), [4], "float32")];
    const own = bytesOfModel({
      inputs: [value("x", [1, 3, 2, 4])],
      outputs: ["y"],
      initializers: weights,
      nodes: [ms("GroupNorm", ["x", "g", "b"], { groups: { i: 2 }, epsilon: { f: 1e-5 }, activation: { i: 0 } })],
    });
    const turned = bytesOfModel(
      {
        inputs: [value("x", [1, 3, 2, 4])],
        outputs: ["y"],
        initializers: weights,
        nodes: [
          encodeNode("Transpose", ["x"], ["t"], { perm: { ints: [0, 3, 1, 2] } }),
          encodeNode("GroupNormalization", ["t", "g", "b"], ["n"], { num_groups: { i: 2 }, epsilon: { f: 1e-5 } }),
          encodeNode("Transpose", ["n"], ["y"], { perm: { ints: [0, 2, 3, 1] } }),
        ],
      },
      { opset: 21 },
    );
    const [a, b] = [own, turned].map((bytes) => {
      const { inputs, outputs } = importOnnx(bytes);
      return Array.from(evaluate([outputs.y], new Map([[inputs.x, random(24, 1)]]))[0].data);
    });
    expect(a).toEqual(b);
  });
});
