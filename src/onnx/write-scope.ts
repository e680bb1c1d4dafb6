import type { DType, Emitter, OnnxAttribute, Tensor } from "../tensor/index.ts";
import { fromFloat64 } from "../tensor/ops/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { ConstantPool } from "./write-constants.ts";

/** One ONNX node before it is encoded. */
export interface NodeRecord {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** The tensor for whose sake the node was emitted. */
  readonly owner?: Tensor;
  /** The body of an `If`; its other branch gives empty tensors. */
  readonly body?: Body;
}

export interface Body {
  readonly scope: Scope;
  /** What the body hands out, in the order of the node's outputs. */
  readonly results: readonly { readonly name: string; readonly tensor: Tensor }[];
}

/** Value names are unique over the whole model, so that a body may read any value of the main graph. */
export class Names {
  readonly #taken: Set<string>;
  #next = 0;

  /** @param taken names that are spoken for */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  fresh(stem: string): string {
    let name: string;
    do name = `${stem}_${this.#next++}`;
    while (this.#taken.has(name));
    return name;
  }
}

/** A graph under construction: the main graph or the body of an `If`. A node that exists already is not added twice. */
export class Scope implements Emitter {
  readonly contrib: boolean;
  readonly records: NodeRecord[] = [];
  /** The tensor on whose behalf ops emit at the moment. */
  owner: Tensor | undefined;
  readonly #constants: ConstantPool;
  readonly #names: Names;
  readonly #parent: Scope | undefined;
  readonly #seen = new Map<string, string[]>();
  readonly #defined = new Set<string>();

  constructor(contrib: boolean, constants: ConstantPool, names: Names, parent?: Scope) {
    this.contrib = contrib;
    this.#constants = constants;
    this.#names = names;
    this.#parent = parent;
  }

  node(type: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>, domain?: string): string {
    return this.nodes(type, inputs, 1, attributes, domain)[0];
  }

  nodes(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes: Record<string, OnnxAttribute> = {},
    domain = "",
  ): string[] {
    const key = JSON.stringify([domain, type, inputs, count, attributes]);
    const known = this.#seen.get(key) ?? (this.#parent ? this.#parent.#seen.get(key) : undefined);
    if (known) return known;
    const outputs = Array.from({ length: count }, () => this.#names.fresh(type));
    this.#append({ type, domain, inputs, outputs, attributes, owner: this.owner });
    this.#seen.set(key, outputs);
    return outputs;
  }

  /** A second name for a value, as a node of its own. */
  identity(name: string): string {
    const copy = this.#names.fresh("Identity");
    this.#append({ type: "Identity", domain: "", inputs: [name], outputs: [copy], attributes: {} });
    return copy;
  }

  /** Appends an `If` around `body` and returns the names of its results in this graph. */
  branch(condition: string, body: Body): string[] {
    const outputs = body.results.map(() => this.#names.fresh("If"));
    this.#append({ type: "If", domain: "", inputs: [condition], outputs, attributes: {}, body });
    return outputs;
  }

  /** Is the value computed by a node of this graph? */
  defines(name: string): boolean {
    return this.#defined.has(name);
  }

  #append(record: NodeRecord): void {
    this.records.push(record);
    for (const name of record.inputs) this.#constants.use(name, this);
    for (const name of record.outputs) this.#defined.add(name);
  }

  constant(values: ArrayLike<number>, shape: Shape, dtype: DType): string {
    return this.#constants.add(fromFloat64(values, dtype), shape, dtype, this);
  }

  ints(values: readonly number[]): string {
    return this.constant(values, [values.length], "int64");
  }
}
