import { TweedieError } from "../../errors.ts";
import { Tensor } from "../../tensor/index.ts";
import type { FunctionProto } from "../generated/onnx_pb.ts";
import type { GraphProto, NodeProto, TensorProto } from "../proto.ts";
import { Attributes } from "./attributes.ts";
import { affordable, MOST_ELEMENTS, MOST_NODES } from "./budget.ts";
import { bindInputs, type ImportOptions } from "./inputs.ts";
import type { LoadedModel } from "./load.ts";
import { OnnxNode, type Result, type Surroundings } from "./node.ts";
import { Problems } from "./problems.ts";
import { handlers } from "./registry.ts";
import { foldValue } from "./static.ts";
import { importTensor } from "./tensors.ts";
import { unsupported, type Value } from "./value.ts";

type Slot = Value | typeof unsupported;

/** The names visible to a list of nodes: a graph, the body of a control-flow node, or the body of a function. */
interface Frame {
  readonly values: Map<string, Slot>;
  readonly initializers: ReadonlyMap<string, TensorProto>;
  /** Surrounding graph, whose names a body may read; none for functions. */
  readonly outer?: Frame;
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes of the call, in the body of a function. */
  readonly call?: Attributes;
  /** Inputs that the call of a function left out: nodes of the body that read them are given none. */
  readonly omitted?: ReadonlySet<string>;
  /** How many function calls lie around. */
  readonly depth: number;
}

interface Opset {
  readonly domain: string;
  readonly version: bigint;
}

const standard = (domain: string) => (domain === "ai.onnx" ? "" : domain);
const keyOf = (domain: string, type: string) => (standard(domain) === "" ? type : `${domain}:${type}`);
const opsetMap = (list: readonly Opset[]) => new Map(list.map((o) => [standard(o.domain), Number(o.version)]));

/** Names of a node's inputs and of everything that its bodies may read from outside. */
function readsOf(node: NodeProto): string[] {
  const bodies = node.attribute.flatMap((a) => (a.g ? [a.g, ...a.graphs] : a.graphs));
  return [...node.input, ...bodies.flatMap((g) => [...g.output.map((o) => o.name), ...g.node.flatMap(readsOf)])];
}

/** The nodes that the named values depend on, in their order. */
function needed(nodes: readonly NodeProto[], outputs: Iterable<string>): NodeProto[] {
  const wanted = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.output.some((name) => name !== "" && wanted.has(name))) return false;
    for (const name of readsOf(node)) wanted.add(name);
    return true;
  });
  return kept.reverse();
}

/** The body of a control-flow node has an operator without a rule, which is noted already. */
class BodyUnsupported extends Error {}

const listed = (result: Result) =>
  Array.isArray(result) ? (result as readonly (Value | undefined)[]) : [result as Value];

function inNode(error: TweedieError, where: string): TweedieError {
  const { code, expected, got, hint } = error;
  return new TweedieError(code, { message: `${where}: ${error.message}`, expected, got, hint, cause: error });
}

/** Rules take for granted what ONNX guarantees (ranks, lists of the right length); damaged models break it. */
function misfit(cause: unknown): TweedieError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TweedieError("invalid-model", { message: `its inputs and attributes do not fit (${reason})`, cause });
}

/** Functions within functions, at most. */
const deepest = 64;

/** Turns the nodes of a model into tensors. */
export class GraphBuilder {
  readonly #loaded: LoadedModel;
  readonly #problems = new Problems();
  readonly #functions = new Map<string, FunctionProto>();
  readonly #inputNames = new Map<Tensor, string>();
  #nodes = 0;
  #signal: AbortSignal | undefined;

  constructor(loaded: LoadedModel) {
    this.#loaded = loaded;
    for (const f of loaded.model.functions) this.#functions.set(keyOf(f.domain, f.name) + f.overload, f);
  }

  /** Builds the main graph. @throws unsupported-op that names every operator without a rule */
  build(options: ImportOptions): { inputs: Record<string, Tensor>; outputs: Record<string, Tensor> } {
    const { model, name } = this.#loaded;
    this.#signal = options.signal;
    const graph = model.graph as GraphProto;
    const { placeholders, constants, impossible } = bindInputs(graph, name, options);
    const frame: Frame = {
      values: new Map([...placeholders, ...constants]),
      initializers: new Map(graph.initializer.map((t) => [t.name, t])),
      opsets: opsetMap(model.opsetImport),
      depth: 0,
    };
    for (const [input, tensor] of placeholders) this.#inputNames.set(tensor, input);
    const nodes = needed(
      graph.node,
      graph.output.map((o) => o.name),
    );
    const read = new Set([...nodes.flatMap(readsOf), ...graph.output.map((o) => o.name)]);
    for (const [input, reason] of impossible) {
      frame.values.set(input, unsupported);
      if (read.has(input)) this.#problems.add(reason, input);
    }
    for (const sparse of graph.sparseInitializer) {
      frame.values.set(sparse.values?.name ?? "", unsupported);
      this.#problems.add("sparse initializers", sparse.values?.name ?? "");
    }
    this.#walk(nodes, frame);
    const outputs = new Map<string, Tensor>();
    for (const { name: output } of graph.output) {
      const value = this.#lookup(output, frame, "the list of outputs");
      if (value instanceof Tensor) outputs.set(output, value);
      else if (value !== unsupported) this.#problems.add("an output that is no tensor", output);
    }
    this.#problems.raise(name);
    return { inputs: Object.fromEntries(placeholders), outputs: Object.fromEntries(outputs) };
  }

  #walk(nodes: readonly NodeProto[], frame: Frame): void {
    for (const node of nodes) {
      const label = node.name || node.output.find((o) => o !== "") || node.opType;
      this.#count(label);
      const results = this.#execute(node, label, frame);
      node.output.forEach((name, i) => {
        if (name === "") return;
        const value = results[i];
        if (value === undefined) this.#problems.add(`output ${i} of ${keyOf(node.domain, node.opType)}`, label);
        frame.values.set(name, value === undefined || value === unsupported ? unsupported : foldValue(value));
      });
    }
  }

  /** @throws {TweedieError} too-large: functions and loops write out too many nodes; aborted */
  #count(label: string): void {
    const { name } = this.#loaded;
    if (this.#signal?.aborted) throw new TweedieError("aborted", { message: `importing ${name} was aborted` });
    this.#nodes++;
    if (this.#nodes > MOST_NODES)
      throw new TweedieError("too-large", {
        message: `${name}: expected at most ${MOST_NODES} nodes, functions and loops written out, got more at "${label}"`,
      });
  }

  #execute(node: NodeProto, label: string, frame: Frame): readonly (Slot | undefined)[] {
    const key = keyOf(node.domain, node.opType);
    const inputs = node.input.map((name) => (name === "" ? undefined : this.#lookup(name, frame, `${key} "${label}"`)));
    const attributes = Attributes.of(node.attribute, frame.call);
    const body = this.#functions.get(key + node.overload);
    const handler = handlers.get(key);
    if (body && (!handler || standard(node.domain) !== "")) return this.#call(body, inputs, attributes, frame);
    const failed: Slot[] = node.output.map(() => unsupported);
    if (!handler) {
      this.#problems.add(key, label);
      return failed;
    }
    if (inputs.includes(unsupported)) return failed;
    const version = frame.opsets.get(standard(node.domain)) ?? this.#opset(node.domain);
    const around = this.#surroundings(frame);
    const fields = { type: node.opType, name: label, version, outputs: node.output, attributes, around };
    try {
      const results = listed(handler(new OnnxNode({ ...fields, inputs: inputs as (Value | undefined)[] })));
      for (const result of results)
        if (result instanceof Tensor) affordable(result.size, MOST_ELEMENTS, "elements of a result");
      return results;
    } catch (error) {
      if (error instanceof BodyUnsupported) return failed;
      const typed = error instanceof TweedieError ? error : misfit(error);
      if (typed.code !== "unsupported-op") throw inNode(typed, `${this.#loaded.name}: ${key} "${label}"`);
      this.#problems.add(`${key}: ${typed.message}`, label);
      return failed;
    }
  }

  #opset(domain: string): number {
    return opsetMap(this.#loaded.model.opsetImport).get(standard(domain)) ?? 1;
  }

  /** A function of the model, written out in place. */
  #call(body: FunctionProto, inputs: readonly (Slot | undefined)[], attributes: Attributes, from: Frame): Slot[] {
    if (from.depth >= deepest)
      throw new TweedieError("invalid-model", {
        message: `${this.#loaded.name}: function ${body.name} calls itself, or functions are nested ${deepest} deep`,
      });
    const values = new Map<string, Slot>();
    body.input.forEach((name, i) => {
      const value = inputs[i];
      if (value !== undefined) values.set(name, value);
    });
    const frame: Frame = {
      values,
      initializers: new Map(),
      opsets: body.opsetImport.length > 0 ? opsetMap(body.opsetImport) : from.opsets,
      call: attributes.withDefaults(body.attributeProto),
      omitted: new Set(body.input.filter((_, i) => inputs[i] === undefined)),
      depth: from.depth + 1,
    };
    this.#walk(needed(body.node, body.output), frame);
    return body.output.map((name) => this.#lookup(name, frame, `function ${body.name}`) ?? unsupported);
  }

  #surroundings(frame: Frame): Surroundings {
    return {
      inputNames: this.#inputNames,
      tensorAttribute: (attributes, name) => {
        const proto = attributes.tensor(name);
        return proto && importTensor(proto);
      },
      run: (body, inputs) => {
        const inner: Frame = {
          values: new Map(body.input.slice(0, inputs.length).map((info, i) => [info.name, inputs[i]])),
          initializers: new Map(body.initializer.map((t) => [t.name, t])),
          outer: frame,
          opsets: frame.opsets,
          call: frame.call,
          depth: frame.depth,
        };
        const names = body.output.map((o) => o.name);
        this.#walk(needed(body.node, names), inner);
        return names.map((name) => {
          const value = this.#lookup(name, inner, "the outputs of a body");
          if (value === unsupported || value === undefined) throw new BodyUnsupported();
          return value;
        });
      },
    };
  }

  #lookup(name: string, frame: Frame, reader: string): Slot | undefined {
    for (let f: Frame | undefined = frame; f; f = f.outer) {
      const value = f.values.get(name);
      if (value !== undefined) return value;
      const proto = f.initializers.get(name);
      if (proto) {
        const tensor = this.#initializer(proto);
        f.values.set(name, tensor);
        return tensor;
      }
      if (f.omitted?.has(name)) return undefined;
    }
    throw new TweedieError("invalid-model", {
      message: `${this.#loaded.name}: ${reader} reads "${name}", which nothing before it defines`,
    });
  }

  #initializer(proto: TensorProto): Slot {
    try {
      return importTensor(proto);
    } catch (error) {
      if (!(error instanceof TweedieError)) throw error;
      if (error.code !== "unsupported-op") throw inNode(error, this.#loaded.name);
      this.#problems.add(error.message, proto.name);
      return unsupported;
    }
  }
}
