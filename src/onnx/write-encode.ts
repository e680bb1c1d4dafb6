import { create } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
} from "./generated/onnx_pb.ts";
import {
  bytesPerElement,
  type ExternalLocation,
  encodeExternalTensor,
  encodeNode,
  encodeTensor,
  encodeValueInfo,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  writtenOpset,
} from "./proto.ts";
import type { WrittenGraph } from "./write.ts";
import type { Initializer } from "./write-constants.ts";
import type { Body, NodeRecord, Scope } from "./write-scope.ts";

export interface EncodeOptions {
  /** Where a constant is stored outside the model, or undefined for inside. */
  readonly external?: (constant: Initializer) => ExternalLocation | undefined;
  /** Entries of the model's metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The ModelProto of a graph that was laid out. Constants are viewed, not copied, until the model becomes bytes. */
export function toModelProto(graph: WrittenGraph, options: EncodeOptions = {}): ModelProto {
  const encoder = new Encoder(graph, options);
  const opsets = [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(writtenOpset) })];
  if (encoder.usesContrib(graph.main))
    opsets.push(create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }));
  return create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: "tweedie",
    opsetImport: opsets,
    graph: encoder.mainGraph(),
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
}

class Encoder {
  readonly #graph: WrittenGraph;
  readonly #options: EncodeOptions;

  constructor(graph: WrittenGraph, options: EncodeOptions) {
    this.#graph = graph;
    this.#options = options;
  }

  mainGraph(): GraphProto {
    const { main, inputs, parameters, outputs, conditions } = this.#graph;
    const wants = Object.values(conditions).map((name) => encodeValueInfo(name, "bool", []));
    return create(GraphProtoSchema, {
      name: "main",
      node: this.#nodes(main),
      initializer: this.#initializers(main),
      input: [
        ...[...inputs, ...parameters].map(({ onnx, tensor }) => encodeValueInfo(onnx, tensor.dtype, tensor.shape)),
        ...wants,
      ],
      // What a branch hands out has no fixed shape: it is empty when the branch is not taken.
      output: outputs.map(({ name, onnx, tensor }) =>
        encodeValueInfo(onnx, tensor.dtype, name in conditions ? undefined : tensor.shape),
      ),
    });
  }

  usesContrib(scope: Scope): boolean {
    return scope.records.some((r) => r.domain !== "" || (r.body && this.usesContrib(r.body.scope)));
  }

  #name = (name: string): string => this.#graph.renamed.get(name) ?? name;

  #nodes(scope: Scope): NodeProto[] {
    return scope.records.map((record) => {
      const attributes = record.body ? this.#branches(record, record.body) : record.attributes;
      return encodeNode(
        record.type,
        record.inputs.map(this.#name),
        record.outputs.map(this.#name),
        attributes,
        record.domain,
      );
    });
  }

  #initializers(scope: Scope) {
    return this.#graph.constants.of(scope, this.#graph.main).map((c) => {
      const at = this.#options.external?.(c);
      return at ? encodeExternalTensor(c.name, c.shape, c.dtype, at) : encodeTensor(c.name, c.data, c.shape, c.dtype);
    });
  }

  #branches(record: NodeRecord, { scope, results }: Body) {
    const taken = create(GraphProtoSchema, {
      name: `${record.outputs[0]}_then`,
      node: this.#nodes(scope),
      initializer: this.#initializers(scope),
      output: results.map(({ name, tensor }) => encodeValueInfo(name, tensor.dtype, tensor.shape)),
    });
    const empty = results.map(({ name, tensor }) => ({
      name: `${name}_none`,
      tensor,
      shape: tensor.shape.map(() => 0),
      data: new Uint8Array(tensor.shape.length === 0 ? 8 : 0),
    }));
    const otherwise = create(GraphProtoSchema, {
      name: `${record.outputs[0]}_else`,
      node: empty.map(({ name }) => encodeNode("Identity", [`${name}_value`], [name])),
      initializer: empty.map(({ name, tensor, shape, data }) =>
        encodeTensor(
          `${name}_value`,
          data.subarray(0, data.length && bytesPerElement(tensor.dtype)),
          shape,
          tensor.dtype,
        ),
      ),
      output: empty.map(({ name, tensor, shape }) => encodeValueInfo(name, tensor.dtype, shape)),
    });
    return { then_branch: { g: taken }, else_branch: { g: otherwise } };
  }
}
