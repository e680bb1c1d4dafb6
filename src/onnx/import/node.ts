import { TweedieError } from "../../errors.ts";
import { Tensor } from "../../tensor/index.ts";
import type { GraphProto } from "../proto.ts";
import type { Attributes } from "./attributes.ts";
import { mustBeStatic, staticValues } from "./static.ts";
import { TensorSequence, type Value } from "./value.ts";

/** What a node gives back: its only output, or one entry per output (missing ones were not asked for). */
export type Result = Value | readonly (Value | undefined)[];

/** Builds one ONNX operator out of tensors. */
export type Handler = (node: OnnxNode) => Result;

/** A family of operators: `Type`, or `domain:Type` outside the standard domain. */
export type Family = Readonly<Record<string, Handler>>;

/** What a handler may ask of the graph around its node. */
export interface Surroundings {
  /** Names of the graph's inputs, for messages. */
  readonly inputNames: ReadonlyMap<Tensor, string>;
  /** Builds the body of If, Loop, Scan with the given inputs and returns its outputs. */
  run(body: GraphProto, inputs: readonly Value[]): Value[];
  /** Decodes an attribute that holds a tensor. */
  tensorAttribute(attributes: Attributes, name: string): Tensor | undefined;
}

/** An ONNX node with its inputs, as the handlers see it. */
export class OnnxNode {
  readonly type: string;
  readonly name: string;
  /** The opset version that defines the operator. */
  readonly version: number;
  readonly inputs: readonly (Value | undefined)[];
  /** Names of the outputs; "" for those not asked for. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  readonly around: Surroundings;

  constructor(fields: {
    type: string;
    name: string;
    version: number;
    inputs: readonly (Value | undefined)[];
    outputs: readonly string[];
    attributes: Attributes;
    around: Surroundings;
  }) {
    this.type = fields.type;
    this.name = fields.name;
    this.version = fields.version;
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.attributes = fields.attributes;
    this.around = fields.around;
  }

  /** Input `i`, which must be a tensor. */
  tensor(i: number): Tensor {
    const value = this.inputs[i];
    if (value instanceof Tensor) return value;
    throw new TweedieError("invalid-model", { message: `expected a tensor as input ${i}, got ${describe(value)}` });
  }

  /** Input `i`, whatever it is. */
  value(i: number): Value {
    const value = this.inputs[i];
    if (value !== undefined) return value;
    throw new TweedieError("invalid-model", { message: `expected a value as input ${i}, got none` });
  }

  /** Input `i`, if it is given. */
  optional(i: number): Tensor | undefined {
    return this.inputs[i] === undefined ? undefined : this.tensor(i);
  }

  sequence(i: number): TensorSequence {
    const value = this.inputs[i];
    if (value instanceof TensorSequence) return value;
    throw new TweedieError("invalid-model", { message: `expected a sequence as input ${i}, got ${describe(value)}` });
  }

  /** All inputs, for operators with any number of them. */
  get tensors(): Tensor[] {
    return this.inputs.map((_, i) => this.tensor(i));
  }

  /** The values of input `i`, which must be known at import; `what` names it in the message. */
  numbers(i: number, what: string): number[] {
    return Array.from(this.values(this.tensor(i), what));
  }

  optionalNumbers(i: number, what: string): number[] | undefined {
    return this.inputs[i] === undefined ? undefined : this.numbers(i, what);
  }

  /** The only value of input `i`, which must be known at import. */
  number(i: number, what: string): number {
    return this.numbers(i, what)[0];
  }

  /** The values of any tensor, which must not depend on inputs. */
  values(x: Tensor, what: string): Float64Array {
    const values = staticValues(x);
    if (!values) throw mustBeStatic(`its ${what}`, x, this.around.inputNames);
    return values;
  }

  /** Is output `i` asked for? */
  wants(i: number): boolean {
    return Boolean(this.outputs[i]);
  }

  /** The error of an operator whose present form cannot be expressed. */
  unsupported(what: string): TweedieError {
    return new TweedieError("unsupported-op", { message: what });
  }
}

function describe(value: Value | undefined): string {
  if (value === undefined) return "none";
  if (value instanceof Tensor) return "a tensor";
  return value instanceof TensorSequence ? "a sequence" : "an empty optional";
}
