import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import { FunctionProtoSchema, OperatorSetIdProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";
import { importOnnx } from "../../src/onnx/import.ts";
import { type AttributeProto, AttributeType, encodeAttribute, encodeNode, encodeTensor } from "../../src/onnx/proto.ts";
import { ancestors, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { bytesOfModel, graphOf, value } from "./models.ts";

const ints = (name: string, list: readonly number[], shape = [list.length]) =>
  encodeTensor(name, BigInt64Array.from(list, BigInt), shape, "int64");

function errorOf(run: () => unknown): TweedieError {
  try {
    run();
  } catch (error) {
    if (error instanceof TweedieError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

const opsOf = (y: Tensor) => ancestors([y]).map((x) => x.op.name);
const numbers = (y: Tensor, feeds: [Tensor, number[]][] = []) => Array.from(evaluate([y], new Map(feeds))[0].data);

const relu = { inputs: [value("x", ["batch", 3])], outputs: ["y"], nodes: [encodeNode("Relu", ["x"], ["y"])] };

describe("inputs", () => {
  it("binds symbols for every input that names them, and keeps the order and names of the model", () => {
    const bytes = bytesOfModel({
      inputs: [value("b", ["n"], "int64"), value("a", ["n", 2])],
      outputs: ["y"],
      nodes: [encodeNode("Cast", ["b"], ["c"], { to: { i: 1 } }), encodeNode("MatMul", ["c", "a"], ["y"])],
    });
    const { inputs, outputs, opset, producer } = importOnnx(bytes, { inputShapes: { a: [5, 2] } });
    expect(Object.keys(inputs)).toEqual(["b", "a"]);
    expect(inputs.b).toMatchObject({ shape: [5], dtype: "int64" });
    expect(outputs.y.shape).toEqual([2]);
    expect([opset, producer]).toEqual([18, "test 1"]);
  });

  it("names each open extent, with a hint that can be copied", () => {
    const error = errorOf(() => importOnnx(bytesOfModel({ ...relu, inputs: [value("x", ["batch", 3]), value("z")] })));
    expect(error.code).toBe("invalid-option");
    expect(error.message).toBe(
      'the model: input "x" of shape [batch, 3] has no value for "batch"; input "z" has no declared shape and none is given',
    );
    expect(error.hint).toBe('inputShapes: { "x": […, 3], "z": […] }');
  });

  it("refuses shapes that contradict the model, and inputs that it has not", () => {
    const bytes = bytesOfModel(relu);
    const conflict = errorOf(() => importOnnx(bytes, { inputShapes: { x: [2, 4] } }));
    expect(conflict.code).toBe("shape-mismatch");
    expect(conflict.message).toBe('input "x": expected [2, 3], got [2, 4]');
    const unknown = errorOf(() => importOnnx(bytes, { inputShapes: { image: [2, 3] } }));
    expect(unknown.message).toBe('inputs of the model: expected "x", got "image"');
    expect(errorOf(() => importOnnx(bytes, { inputShapes: { x: [2.5, 3] } })).code).toBe("invalid-option");
  });

  it("makes constants of frozen inputs, where shapes depend on them", () => {
    const bytes = bytesOfModel({
      inputs: [value("x", [2, 3]), value("shape", [2], "int64")],
      outputs: ["y"],
      nodes: [encodeNode("Reshape", ["x", "shape"], ["y"])],
    });
    const error = errorOf(() => importOnnx(bytes));
    expect(error.code).toBe("invalid-option");
    expect(error.message).toBe(
      'the model: Reshape "y": its shape must be known at import, but it depends on the values of "shape"',
    );
    expect(error.hint).toBe('give its value: freeze: { "shape": … }');
    const { inputs, outputs } = importOnnx(bytes, { freeze: { shape: [3, -1] } });
    expect(Object.keys(inputs)).toEqual(["x"]);
    expect(outputs.y.shape).toEqual([3, 2]);
    expect(errorOf(() => importOnnx(bytes, { freeze: { shape: [1, 2, 3] } })).code).toBe("shape-mismatch");
  });
});

describe("constant folding", () => {
  it("makes exporters' chains of shape arithmetic static", () => {
    const bytes = bytesOfModel({
      inputs: [value("x", ["n", 4, 6])],
      outputs: ["y"],
      initializers: [ints("zero", [0], []), ints("axes", [0]), ints("rest", [-1])],
      nodes: [
        encodeNode("Shape", ["x"], ["s"]),
        encodeNode("Gather", ["s", "zero"], ["n"]),
        encodeNode("Unsqueeze", ["n", "axes"], ["n1"]),
        encodeNode("Cast", ["n1"], ["f"], { to: { i: 1 } }),
        encodeNode("Sqrt", ["f"], ["r"]),
        encodeNode("Floor", ["r"], ["q"]),
        encodeNode("Cast", ["q"], ["k"], { to: { i: 7 } }),
        encodeNode("Concat", ["k", "rest"], ["target"], { axis: { i: 0 } }),
        encodeNode("Reshape", ["x", "target"], ["y"]),
      ],
    });
    const { y } = importOnnx(bytes, { inputShapes: { x: [9, 4, 6] } }).outputs;
    expect(y.shape).toEqual([3, 72]);
    expect(opsOf(y)).toEqual(["input", "reshape"]);
  });

  it("keeps exporters' largest integer as the end of a slice", () => {
    const bytes = bytesOfModel({
      inputs: [value("x", [5])],
      outputs: ["y"],
      initializers: [
        encodeTensor("most", BigInt64Array.of(2n ** 63n - 1n), [1], "int64"),
        ints("one", [1]),
        ints("shape", [1]),
      ],
      nodes: [
        encodeNode("Reshape", ["most", "shape"], ["end"]),
        encodeNode("Concat", ["end"], ["ends"], { axis: { i: 0 } }),
        encodeNode("Slice", ["x", "one", "ends"], ["y"]),
      ],
    });
    expect(importOnnx(bytes).outputs.y.shape).toEqual([4]);
  });

  it("computes nothing large: weights stay a graph", () => {
    const parts = (n: number) => ({
      outputs: ["y"],
      initializers: [encodeTensor("w", new Float32Array(n).fill(2), [n], "float32")],
      nodes: [encodeNode("Mul", ["w", "w"], ["y"])],
    });
    expect(opsOf(importOnnx(bytesOfModel(parts(8))).outputs.y)).toEqual(["constant"]);
    expect(opsOf(importOnnx(bytesOfModel(parts(5000))).outputs.y)).toEqual(["constant", "mul"]);
  });

  it("writes out branches and loops whose course is known", () => {
    const branch = (type: string) => graphOf({ outputs: ["b"], nodes: [encodeNode(type, ["x"], ["b"])] });
    const body = graphOf({
      inputs: [value("i", [], "int64"), value("go", [], "bool"), value("state", [2])],
      outputs: ["go", "next", "next"],
      nodes: [encodeNode("Add", ["state", "x"], ["next"])],
    });
    const bytes = bytesOfModel({
      inputs: [value("x", [2])],
      outputs: ["y", "last", "all"],
      initializers: [ints("three", [3], []), encodeTensor("yes", Uint8Array.of(1), [], "bool")],
      nodes: [
        encodeNode("If", ["yes"], ["y"], { then_branch: { g: branch("Neg") }, else_branch: { g: branch("Unknown") } }),
        encodeNode("Loop", ["three", "yes", "x"], ["last", "all"], { body: { g: body } }),
      ],
    });
    const { inputs, outputs } = importOnnx(bytes);
    expect(numbers(outputs.y, [[inputs.x, [1, 2]]])).toEqual([-1, -2]);
    expect(numbers(outputs.last, [[inputs.x, [1, 2]]])).toEqual([4, 8]);
    expect(numbers(outputs.all, [[inputs.x, [1, 2]]])).toEqual([2, 4, 3, 6, 4, 8]);
  });

  it("makes x·sigmoid(x) one operator", () => {
    const nodes = [encodeNode("Sigmoid", ["x"], ["s"]), encodeNode("Mul", ["x", "s"], ["y"])];
    const bytes = bytesOfModel({ inputs: [value("x", [2])], outputs: ["y"], nodes });
    expect(opsOf(importOnnx(bytes).outputs.y)).toEqual(["input", "silu"]);
  });
});

describe("functions of a model", () => {
  it("are written out in place, with their attributes, defaults and missing inputs", () => {
    const reference = (name: string, to: string): AttributeProto => ({
      ...encodeAttribute(name, { f: 0 }),
      refAttrName: to,
    });
    const clip = encodeNode("LeakyRelu", ["a"], ["l"]);
    clip.attribute.push(reference("alpha", "slope"));
    const inner = create(FunctionProtoSchema, {
      domain: "own",
      name: "Leak",
      input: ["a", "low"],
      output: ["r"],
      attributeProto: [encodeAttribute("slope", { f: 0.5 })],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: 18n })],
      node: [clip, encodeNode("Clip", ["l", "low"], ["r"])],
    });
    const bytes = bytesOfModel(
      {
        inputs: [value("x", [2])],
        outputs: ["y", "z"],
        initializers: [encodeTensor("bound", Float32Array.of(-3), [], "float32")],
        nodes: [
          encodeNode("Leak", ["x"], ["y"], {}, "own"),
          encodeNode("Leak", ["x", "bound"], ["z"], { slope: { f: 2 } }, "own"),
        ],
      },
      { functions: [inner] },
    );
    const { inputs, outputs } = importOnnx(bytes);
    expect(numbers(outputs.y, [[inputs.x, [-8, 4]]])).toEqual([-4, 4]);
    expect(numbers(outputs.z, [[inputs.x, [-8, 4]]])).toEqual([-3, 4]);
  });
});

describe("what cannot be imported", () => {
  it("is listed at once, by operator and node", () => {
    const nodes = [
      encodeNode("Exotic", ["x"], ["a"], {}, "some.where"),
      encodeNode("NonMaxSuppression", ["a"], ["b"]),
      encodeNode("Exotic", ["b"], ["c"], {}, "some.where"),
      encodeNode("Add", ["b", "c"], ["y"]),
      encodeNode("StringSplit", ["x"], ["unused"]),
    ];
    const error = errorOf(() => importOnnx(bytesOfModel({ inputs: [value("x", [2])], outputs: ["y"], nodes })));
    expect(error.code).toBe("unsupported-op");
    expect(error.message).toBe(
      'the model cannot be imported; it needs some.where:Exotic ("a", "c"); NonMaxSuppression ("b")',
    );
    expect(error.got).toBe("some.where:Exotic, NonMaxSuppression");
  });

  it("includes forms of known operators, and operators inside branches", () => {
    const bad = graphOf({ outputs: ["b"], nodes: [encodeNode("Unique", ["x"], ["b"])] });
    const bytes = bytesOfModel({
      inputs: [value("x", [2])],
      outputs: ["y", "z"],
      initializers: [encodeTensor("yes", Uint8Array.of(1), [], "bool")],
      nodes: [
        encodeNode("Cast", ["x"], ["y"], { to: { i: 17 } }),
        encodeNode("If", ["yes"], ["z"], { then_branch: { g: bad }, else_branch: { g: bad } }),
      ],
    });
    expect(errorOf(() => importOnnx(bytes)).message).toBe(
      'the model cannot be imported; it needs Cast: a result of type FLOAT8E4M3FN ("y"); Unique ("b")',
    );
  });

  it("is told apart from a model that is wrong", () => {
    const missing = bytesOfModel({ inputs: [], outputs: ["y"], nodes: [encodeNode("Relu", ["nowhere"], ["y"])] });
    expect(errorOf(() => importOnnx(missing))).toMatchObject({
      code: "invalid-model",
      message: 'the model: Relu "y" reads "nowhere", which nothing before it defines',
    });
    const wrong = bytesOfModel({
      inputs: [value("a", [2, 3]), value("b", [4, 5])],
      outputs: ["y"],
      nodes: [encodeNode("MatMul", ["a", "b"], ["y"])],
    });
    const mismatch = errorOf(() => importOnnx(wrong));
    expect(mismatch.code).toBe("shape-mismatch");
    expect(mismatch.message).toContain('the model: MatMul "y": matmul: expected');
    const typed = bytesOfModel({
      inputs: [value("x", [2])],
      outputs: ["y"],
      nodes: [encodeNode("LeakyRelu", ["x"], ["y"], { alpha: { i: 1 } })],
    });
    expect(errorOf(() => importOnnx(typed))).toMatchObject({
      code: "invalid-model",
      message: `the model: LeakyRelu "y": attribute "alpha": expected type FLOAT, got ${AttributeType[AttributeType.INT]}`,
    });
    const inputless = bytesOfModel({ inputs: [], outputs: ["y"], nodes: [encodeNode("Relu", [], ["y"])] });
    expect(errorOf(() => importOnnx(inputless)).message).toBe(
      'the model: Relu "y": expected a tensor as input 0, got none',
    );
  });

  it("answers functions that call themselves", () => {
    const endless = create(FunctionProtoSchema, {
      domain: "own",
      name: "Endless",
      input: ["a"],
      output: ["r"],
      node: [encodeNode("Endless", ["a"], ["r"], {}, "own")],
    });
    const nodes = [encodeNode("Endless", ["x"], ["y"], {}, "own")];
    const bytes = bytesOfModel({ inputs: [value("x", [2])], outputs: ["y"], nodes }, { functions: [endless] });
    expect(errorOf(() => importOnnx(bytes))).toMatchObject({ code: "invalid-model" });
  });
});
