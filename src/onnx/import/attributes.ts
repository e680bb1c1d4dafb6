import { TweedieError } from "../../errors.ts";
import { type AttributeProto, AttributeType, type GraphProto, type TensorProto } from "../proto.ts";

const text = new TextDecoder();

/** The attributes of one node, by name and type. References to a function's attributes are resolved. */
export class Attributes {
  readonly #list: ReadonlyMap<string, AttributeProto>;

  constructor(list: ReadonlyMap<string, AttributeProto>) {
    this.#list = list;
  }

  /** @param outer the attributes of the function call in whose body the node stands */
  static of(protos: readonly AttributeProto[], outer?: Attributes): Attributes {
    const list = new Map<string, AttributeProto>();
    for (const proto of protos) {
      const meant = proto.refAttrName ? outer?.find(proto.refAttrName) : proto;
      if (meant) list.set(proto.name, meant);
    }
    return new Attributes(list);
  }

  /** These attributes over the defaults of a function. */
  withDefaults(defaults: readonly AttributeProto[]): Attributes {
    return new Attributes(new Map([...defaults.map((d) => [d.name, d] as const), ...this.#list]));
  }

  /** The attribute as it stands in the file. */
  find(name: string): AttributeProto | undefined {
    return this.#list.get(name);
  }

  has(name: string): boolean {
    return this.#list.has(name);
  }

  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    const found = this.#typed(name, AttributeType.INT);
    return found ? Number(found.i) : fallback;
  }

  flag(name: string, fallback = false): boolean {
    return this.int(name, fallback ? 1 : 0) !== 0;
  }

  float(name: string, fallback: number): number;
  float(name: string): number | undefined;
  float(name: string, fallback?: number): number | undefined {
    return this.#typed(name, AttributeType.FLOAT)?.f ?? fallback;
  }

  string(name: string, fallback: string): string;
  string(name: string): string | undefined;
  string(name: string, fallback?: string): string | undefined {
    const found = this.#typed(name, AttributeType.STRING);
    return found ? text.decode(found.s) : fallback;
  }

  ints(name: string): number[] | undefined {
    return this.#typed(name, AttributeType.INTS)?.ints.map(Number);
  }

  floats(name: string): number[] | undefined {
    return this.#typed(name, AttributeType.FLOATS)?.floats;
  }

  strings(name: string): string[] | undefined {
    return this.#typed(name, AttributeType.STRINGS)?.strings.map((s) => text.decode(s));
  }

  tensor(name: string): TensorProto | undefined {
    return this.#typed(name, AttributeType.TENSOR)?.t;
  }

  graph(name: string): GraphProto {
    const found = this.#typed(name, AttributeType.GRAPH)?.g;
    if (!found) throw new TweedieError("invalid-model", { message: `expected the attribute "${name}", a graph` });
    return found;
  }

  #typed(name: string, type: AttributeType): AttributeProto | undefined {
    const found = this.#list.get(name);
    if (found && found.type !== type && found.type !== AttributeType.UNDEFINED)
      throw new TweedieError("invalid-model", {
        message: `attribute "${name}": expected type ${AttributeType[type]}, got ${AttributeType[found.type] ?? found.type}`,
      });
    return found;
  }
}
