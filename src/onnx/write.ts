import { TweedieError } from "../errors.ts";
import { type ConstantAttrs, constantOp, inputOp, type Op, probeOp, type Tensor } from "../tensor/index.ts";
import { parametersOf } from "./structure.ts";
import { ConstantPool } from "./write-constants.ts";
import { partsByNeed } from "./write-needs.ts";
import { Names, Scope } from "./write-scope.ts";

export interface GraphOptions {
  /** Name → a tensor made by `input()`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /**
   * Outputs computed only when asked for: their share of the graph stands in an ONNX `If` whose condition is one
   * more input (see {@link WrittenGraph.conditions}).
   */
  readonly optional?: readonly string[];
  /** May nodes of ONNX Runtime's own domain `com.microsoft` be used? Default: no. */
  readonly contrib?: boolean;
}

/** How often each probe label stands in a part of the graph. */
export type Counts = Readonly<Record<string, number>>;

export interface ProbeMark {
  readonly label: string;
  readonly wantedBy: readonly string[];
  /** Extent of the marked tensor's first axis. */
  readonly rows: number;
}

/** A graph laid out as ONNX nodes; {@link encodeModel} and {@link writeModelFile} turn it into bytes. */
export interface WrittenGraph {
  readonly main: Scope;
  readonly constants: ConstantPool;
  readonly inputs: readonly { readonly name: string; readonly onnx: string; readonly tensor: Tensor }[];
  readonly outputs: readonly { readonly name: string; readonly onnx: string; readonly tensor: Tensor }[];
  /** One more input for each parameter, in the order of {@link parametersOf}. */
  readonly parameters: readonly { readonly name: string; readonly onnx: string; readonly tensor: Tensor }[];
  /** Optional output → name of the boolean input (shape []) that asks for it. */
  readonly conditions: Readonly<Record<string, string>>;
  /** Values that are whole tensors: their size in memory is known. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** New names of values that are outputs of the model. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Marks left by `probe`, per set of optional outputs that makes them run (empty: always). */
  readonly probes: readonly ProbeMark[];
}

/**
 * Lays an expression graph out as ONNX nodes: dead code is left out, equal nodes and equal constants are written once.
 * An output that has the name of an input is called NAME_out in the model.
 * @throws invalid-option for inputs that are not inputs, outputs that depend on others, unknown optional names
 */
export function layOut(options: GraphOptions): WrittenGraph {
  const { inputs, outputs, optional = [], contrib = false } = options;
  const names = new Names([...Object.keys(inputs), ...Object.keys(outputs)]);
  const constants = new ConstantPool(names);
  const main = new Scope(contrib, constants, names);
  const values = new Map<Tensor, string>();
  const tensorOf = new Map<string, Tensor>();
  for (const [name, x] of Object.entries(inputs)) {
    if (x.op !== (inputOp as Op))
      throw invalid(`input ${name}`, "a tensor made by input()", `the result of ${x.op.name}`);
    if (values.has(x)) throw invalid(`input ${name}`, "a tensor of its own", `the same as ${values.get(x)}`);
    values.set(x, name);
    tensorOf.set(name, x);
  }
  const parameters = parametersOf(outputs).map((tensor) => {
    const name = names.fresh("parameter");
    values.set(tensor, name);
    tensorOf.set(name, tensor);
    return { name, onnx: name, tensor };
  });
  for (const name of optional)
    if (!(name in outputs)) throw invalid(`optional ${name}`, `one of ${Object.keys(outputs).join(", ")}`, name);

  const required = Object.entries(outputs).flatMap(([name, y]) => (optional.includes(name) ? [] : [y]));
  const parts = partsByNeed(required, Object.fromEntries(optional.map((name) => [name, outputs[name]])));
  const conditions: Record<string, string> = {};
  const probes: ProbeMark[] = [];
  const counted = new Set<string>();
  const ends = new Set(Object.values(outputs));

  parts.forEach(({ wantedBy, tensors }, k) => {
    const scope = wantedBy.length === 0 ? main : new Scope(contrib, constants, names, main);
    for (const x of tensors) {
      if (values.has(x)) continue;
      const name = emit(x, scope, values, constants);
      values.set(x, name);
      tensorOf.set(name, x);
      if (x.op !== (probeOp as Op)) continue;
      const { label } = x.attrs as { label: string };
      const key = JSON.stringify([label, name]); // the same network call written twice is one call
      if (!counted.has(key)) probes.push({ wantedBy, label, rows: x.shape[0] ?? 1 });
      counted.add(key);
    }
    if (scope === main || scope.records.length === 0) return;
    const later = new Set(parts.slice(k + 1).flatMap((p) => p.tensors.flatMap((x) => x.inputs)));
    const handedOut = tensors.filter((x) => (later.has(x) || ends.has(x)) && scope.defines(values.get(x) as string));
    const results = new Map(handedOut.map((tensor) => [values.get(tensor) as string, tensor]));
    for (const name of wantedBy) conditions[name] ??= names.fresh(`want_${name}`);
    const condition = wantedBy.map((name) => conditions[name]).reduce((a, b) => main.node("Or", [a, b]));
    const body = { scope, results: [...results].map(([name, tensor]) => ({ name, tensor })) };
    const outer = main.branch(condition, body);
    const renamed = new Map(body.results.map(({ name }, i) => [name, outer[i]]));
    for (const x of handedOut) values.set(x, renamed.get(values.get(x) as string) as string);
  });

  return {
    main,
    constants,
    inputs: Object.entries(inputs).map(([name, tensor]) => ({ name, onnx: name, tensor })),
    parameters,
    ...nameOutputs(options, main, values),
    conditions,
    tensors: tensorOf,
    probes,
  };
}

function emit(x: Tensor, scope: Scope, values: ReadonlyMap<Tensor, string>, constants: ConstantPool): string {
  if (x.op === (inputOp as Op))
    throw invalid("outputs", "to depend on the named inputs only", `an unnamed input of shape [${x.shape.join(", ")}]`);
  if (x.op === (constantOp as Op)) {
    const { data } = x.attrs as ConstantAttrs;
    return constants.add(data, x.shape, x.dtype, scope);
  }
  scope.owner = x;
  return x.op.onnx(
    scope,
    x.inputs.map((y) => values.get(y) as string),
    x,
  );
}

/** An output is the value itself under a new name; inputs, constants and values with two names go through Identity. */
function nameOutputs({ inputs, outputs }: GraphOptions, main: Scope, values: ReadonlyMap<Tensor, string>) {
  const renamed = new Map<string, string>();
  const named = Object.entries(outputs).map(([name, tensor]) => {
    const onnx = name in inputs ? `${name}_out` : name;
    const value = values.get(tensor) as string;
    const own = main.defines(value) && !renamed.has(value);
    renamed.set(own ? value : main.identity(value), onnx);
    return { name, onnx, tensor };
  });
  return { outputs: named, renamed };
}

function invalid(what: string, expected: string, got: string): TweedieError {
  return new TweedieError("invalid-option", { what, expected, got });
}
