import { create } from "@bufbuild/protobuf";
import {
  type FunctionProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../src/onnx/generated/onnx_pb.ts";
import { encodeModel, type GraphProto, type ModelProto } from "../../src/onnx/proto.ts";
import { type DType, onnxType } from "../../src/tensor/index.ts";

/** A value with numbers, symbols or nothing known as extents. */
export function value(name: string, extents?: readonly (number | string)[], dtype: DType = "float32"): ValueInfoProto {
  const dim = extents?.map((e) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof e === "number" ? { case: "dimValue", value: BigInt(e) } : { case: "dimParam", value: e },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: onnxType[dtype],
    shape: dim && create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}

export interface GraphParts {
  readonly inputs?: readonly ValueInfoProto[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeProto[];
  readonly initializers?: readonly TensorProto[];
}

export function graphOf({ inputs = [], outputs, nodes, initializers = [] }: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name: "test",
    input: [...inputs],
    output: outputs.map((name) => value(name)),
    node: [...nodes],
    initializer: [...initializers],
  });
}

export interface ModelFields {
  readonly opset?: number;
  readonly functions?: readonly FunctionProto[];
}

/** A model of the standard operators, with ONNX Runtime's domain open too. */
export function modelOf(parts: GraphParts, { opset = 18, functions = [] }: ModelFields = {}): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 9n,
    producerName: "test",
    producerVersion: "1",
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) }),
      create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }),
    ],
    graph: graphOf(parts),
    functions: [...functions],
  });
}

export function bytesOfModel(parts: GraphParts, fields: ModelFields = {}): Uint8Array {
  return encodeModel(modelOf(parts, fields));
}
