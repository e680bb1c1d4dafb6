import { TweedieError } from "../errors.ts";
import type { Counts, ProbeMark } from "../onnx/write.ts";
import {
  ancestors,
  type ConstantAttrs,
  type DType,
  fromFloat64,
  sameShape,
  show,
  type Tensor,
  type TypedArray,
} from "../tensor/index.ts";
import { abortable } from "./abort.ts";
import type { Compiled } from "./cache.ts";
import { HostValue, type Runtime, type Value } from "./runtime.ts";

/** The value of an input: its elements, a number for an input of one element, or a value of an earlier run. */
export type Fed = TypedArray | number | boolean | Value;

export interface RunOptions<O extends string> {
  /** The outputs to compute; by default all that are not optional. */
  readonly outputs?: readonly O[];
  readonly signal?: AbortSignal;
}

/** How many network calls (probe marks) a run makes: always, and in addition for each optional output asked for. */
export interface ProgramCounts {
  readonly always: Counts;
  readonly optional: Readonly<Record<string, Counts>>;
}

/** What makes a compiled structure a program: its data, and where it runs. */
interface Binding {
  /** In the order of the compiled graph's parameters. */
  readonly parameters: readonly Tensor[];
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
  readonly release: () => Promise<void>;
}

/** A compiled graph with its parameters, ready to run. Runs of one engine queue up; none blocks the caller's thread. */
export class Program<I extends string = string, O extends string = string> {
  readonly counts: ProgramCounts;
  /** Estimated peak memory of a run in bytes, weights included. */
  readonly memory: number;
  readonly #compiled: Compiled;
  readonly #binding: Binding;
  readonly #needs = new Map<string, ReadonlySet<Tensor>>();
  #parameters: Promise<Readonly<Record<string, Value>>> | undefined;
  #disposed = false;

  /** Use `engine.compile`. */
  constructor(compiled: Compiled, binding: Binding) {
    this.#compiled = compiled;
    this.#binding = binding;
    this.memory = compiled.memory;
    this.counts = {
      always: this.#count((wantedBy) => wantedBy.length === 0),
      optional: Object.fromEntries(
        Object.keys(compiled.graph.conditions).map((name) => [name, this.#count((by) => by.includes(name))]),
      ),
    };
  }

  /** The exact number of network calls of a run that computes these outputs (default: all that are not optional). */
  countsOf(outputs: readonly O[] = this.#required()): Counts {
    return this.#count(computing(outputs));
  }

  /** Like {@link countsOf}, in rows of the batches that the network got: a call with two samples counts twice. */
  rowsOf(outputs: readonly O[] = this.#required()): Counts {
    return this.#count(computing(outputs), ({ rows }) => rows);
  }

  /**
   * Computes outputs. Inputs on which none of them depends need no value. The feeds are copied, the results are the caller's.
   * On abort the promise rejects at once; the step under way ends in the background, since ONNX Runtime cannot be
   * interrupted, and later runs wait for it.
   * @throws {TweedieError} invalid-option: missing, unknown or ill-typed feeds; aborted
   */
  async run<T extends TypedArray = Float32Array>(
    feeds: Readonly<Partial<Record<I, Fed>>>,
    options: RunOptions<O> = {},
  ): Promise<Record<O, T>> {
    const values = await this.runValues(feeds, options);
    const results: Partial<Record<O, T>> = {};
    for (const name in values) results[name] = (values[name] as HostValue).data as T;
    return results as Record<O, T>;
  }

  /**
   * Like {@link run}, but the outputs in `keep` stay with the runtime, to be fed again or read when they are wanted. Dispose of
   * them.
   */
  async runValues(
    feeds: Readonly<Partial<Record<I, Fed>>>,
    options: RunOptions<O> & { readonly keep?: readonly O[] } = {},
  ): Promise<Record<O, Value>> {
    if (this.#disposed) throw new TweedieError("invalid-option", { message: "the program is disposed" });
    const { outputs = this.#required(), keep = [], signal } = options;
    const values = this.#values(feeds, outputs);
    if (outputs.length === 0) return {} as Record<O, Value>;
    const onnx = (name: O) => this.#output(name).onnx;
    const { session } = this.#compiled;
    const begin = async () => {
      this.#parameters ??= this.#hold();
      return session.run({ ...values, ...(await this.#parameters) }, outputs.map(onnx), keep.map(onnx));
    };
    const results = await abortable(begin, "the run", signal, this.#binding.signal);
    return Object.fromEntries(outputs.map((name) => [name, results[onnx(name)]])) as Record<O, Value>;
  }

  /** Is there an input of this name? */
  takes(name: string): name is I {
    return this.#compiled.graph.inputs.some((i) => i.name === name);
  }

  /** Elements as a value of an input that the runtime holds, to be fed in many runs. Dispose of it. */
  hold(name: I, fed: Fed): Promise<Value> {
    const found = this.#compiled.graph.inputs.find((i) => i.name === name);
    if (!found) throw this.#unknownInput(name);
    return this.#binding.runtime.hold(hostValue(name, fed, found.tensor));
  }

  /** The same for a value that an output of this program would be. */
  holdOutput(name: O, fed: Fed): Promise<Value> {
    return this.#binding.runtime.hold(hostValue(name, fed, this.#output(name).tensor));
  }

  /** Ends the use of this program. What it was compiled to stays with the engine, for graphs of the same structure. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const held: Readonly<Record<string, Value>> = (await this.#parameters?.catch(() => ({}))) ?? {};
    for (const value of Object.values(held)) value.dispose();
    await this.#binding.release();
  }

  async #hold(): Promise<Record<string, Value>> {
    const names = this.#compiled.graph.parameters;
    const held = this.#binding.parameters.map(async (tensor, i) => {
      const value = hostValue(names[i].name, (tensor.attrs as ConstantAttrs).data, tensor);
      return [names[i].onnx, await this.#binding.runtime.hold(value)] as const;
    });
    return Object.fromEntries(await Promise.all(held));
  }

  #required(): O[] {
    const { outputs, conditions } = this.#compiled.graph;
    return outputs.flatMap(({ name }) => (name in conditions ? [] : [name as O]));
  }

  #count(takes: (wantedBy: readonly string[]) => boolean, weight: (mark: ProbeMark) => number = () => 1): Counts {
    const counts: Record<string, number> = {};
    for (const mark of this.#compiled.graph.probes)
      if (takes(mark.wantedBy)) counts[mark.label] = (counts[mark.label] ?? 0) + weight(mark);
    return counts;
  }

  #output(name: string) {
    const found = this.#compiled.graph.outputs.find((o) => o.name === name);
    if (found) return found;
    const known = this.#compiled.graph.outputs.map((o) => o.name).join(", ");
    throw new TweedieError("invalid-option", { what: `output ${name}`, expected: `one of ${known}`, got: name });
  }

  #unknownInput(name: string): TweedieError {
    const known = this.#compiled.graph.inputs.map((i) => i.name).join(", ");
    return new TweedieError("invalid-option", { what: `input ${name}`, expected: `one of ${known}`, got: name });
  }

  #values(feeds: Readonly<Record<string, Fed | undefined>>, wanted: readonly string[]): Record<string, Value> {
    const { inputs, conditions } = this.#compiled.graph;
    for (const name of Object.keys(feeds)) if (!inputs.some((i) => i.name === name)) throw this.#unknownInput(name);
    const values: Record<string, Value> = {};
    for (const { name, onnx, tensor } of inputs) {
      const fed = feeds[name];
      if (fed === undefined && wanted.some((y) => this.#dependsOn(y, tensor)))
        throw new TweedieError("invalid-option", {
          what: `input ${name}`,
          expected: expectation(tensor),
          got: "nothing",
        });
      values[onnx] =
        isValue(fed) && fed.location === "runtime" ? checked(name, fed, tensor) : hostValue(name, fed, tensor);
    }
    for (const [name, onnx] of Object.entries(conditions))
      values[onnx] = new HostValue(Uint8Array.of(wanted.includes(name) ? 1 : 0), [], "bool");
    return values;
  }

  #dependsOn(output: string, tensor: Tensor): boolean {
    const known = this.#needs.get(output) ?? new Set(ancestors([this.#output(output).tensor]));
    this.#needs.set(output, known);
    return known.has(tensor);
  }
}

function expectation({ dtype, shape, size }: Tensor): string {
  return `${size} ${dtype} ${size === 1 ? "element" : "elements"} of shape ${show(shape)}`;
}

const isValue = (fed: Fed | undefined): fed is Value => typeof fed === "object" && "location" in fed;

function checked(name: string, value: Value, { dtype, shape }: Tensor): Value {
  if (value.dtype === dtype && sameShape(value.shape, shape)) return value;
  const got = `${value.dtype} of shape ${show(value.shape)}`;
  throw new TweedieError("invalid-option", {
    what: `input ${name}`,
    expected: `${dtype} of shape ${show(shape)}`,
    got,
  });
}

function hostValue(name: string, fed: Fed | undefined, tensor: Tensor): HostValue {
  const own = isValue(fed) ? (fed as HostValue).data : fed;
  return new HostValue(elements(name, own, tensor), tensor.shape, tensor.dtype);
}

/** The elements in a buffer of their own, ready to be handed over. */
function elements(name: string, fed: TypedArray | number | boolean | undefined, tensor: Tensor): TypedArray {
  const { dtype, size } = tensor;
  if (fed === undefined) return fromFloat64(new Float64Array(size), dtype);
  if (typeof fed !== "object" && size === 1) return fromFloat64([Number(fed)], dtype);
  const own = typeof fed === "object" ? arrayType(fed) : typeof fed;
  const fits = typeof fed === "object" && fed.length === size && (own === carrier[dtype] || own === "Float64Array");
  if (!fits) {
    const got = typeof fed === "object" ? `a ${own} of ${fed.length}` : `the ${own} ${fed}`;
    throw new TweedieError("invalid-option", { what: `input ${name}`, expected: expectation(tensor), got });
  }
  return own === carrier[dtype] ? (fed as Float32Array).slice() : fromFloat64(fed as Float64Array, dtype);
}

const arrayType = (data: TypedArray): string => Object.prototype.toString.call(data).slice(8, -1);

const carrier: Record<DType, string> = {
  float32: "Float32Array",
  float64: "Float64Array",
  float16: "Uint16Array",
  int64: "BigInt64Array",
  uint64: "BigUint64Array",
  int32: "Int32Array",
  uint32: "Uint32Array",
  int16: "Int16Array",
  uint16: "Uint16Array",
  int8: "Int8Array",
  uint8: "Uint8Array",
  bool: "Uint8Array",
};

/** Which marks a run passes that computes these optional outputs. */
function computing(outputs: readonly string[]): (wantedBy: readonly string[]) => boolean {
  return (wantedBy) => wantedBy.length === 0 || wantedBy.some((name) => outputs.includes(name));
}
