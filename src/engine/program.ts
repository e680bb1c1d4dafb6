import { TweedieError } from "../errors.ts";
import type { Counts, ProbeMark, WrittenGraph } from "../onnx/write.ts";
import { ancestors, type DType, fromFloat64, show, type Tensor, type TypedArray } from "../tensor/index.ts";
import { abortable } from "./abort.ts";
import type { Session, Value } from "./runtime.ts";

/** The value of an input: its elements, or a number for an input of one element. */
export type Fed = TypedArray | number | boolean;

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

/** A compiled graph, ready to run. Runs of one engine queue up; none blocks the caller's thread. */
export class Program<I extends string = string, O extends string = string> {
  readonly counts: ProgramCounts;
  /** Estimated peak memory of a run in bytes, weights included. */
  readonly memory: number;
  readonly #graph: WrittenGraph;
  readonly #session: Session;
  readonly #signal: AbortSignal | undefined;
  readonly #needs = new Map<string, ReadonlySet<Tensor>>();

  /** Use `engine.compile`. */
  constructor(graph: WrittenGraph, session: Session, memory: number, signal: AbortSignal | undefined) {
    this.#graph = graph;
    this.#session = session;
    this.#signal = signal;
    this.memory = memory;
    this.counts = {
      always: this.#count((wantedBy) => wantedBy.length === 0),
      optional: Object.fromEntries(
        Object.keys(graph.conditions).map((name) => [name, this.#count((wantedBy) => wantedBy.includes(name))]),
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
   * @throws invalid-option for missing, unknown or ill-typed feeds; aborted
   */
  async run<T extends TypedArray = Float32Array>(
    feeds: Readonly<Partial<Record<I, Fed>>>,
    options: RunOptions<O> = {},
  ): Promise<Record<O, T>> {
    const wanted = options.outputs ?? this.#required();
    const values = this.#values(feeds, wanted);
    if (wanted.length === 0) return {} as Record<O, T>;
    const chosen = wanted.map((name) => this.#output(name).onnx);
    const results = await abortable(() => this.#session.run(values, chosen), "the run", options.signal, this.#signal);
    return Object.fromEntries(wanted.map((name, i) => [name, results[chosen[i]].data])) as Record<O, T>;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  #required(): O[] {
    const { outputs, conditions } = this.#graph;
    return outputs.flatMap(({ name }) => (name in conditions ? [] : [name as O]));
  }

  #count(takes: (wantedBy: readonly string[]) => boolean, weight: (mark: ProbeMark) => number = () => 1): Counts {
    const counts: Record<string, number> = {};
    for (const mark of this.#graph.probes)
      if (takes(mark.wantedBy)) counts[mark.label] = (counts[mark.label] ?? 0) + weight(mark);
    return counts;
  }

  #output(name: string) {
    const found = this.#graph.outputs.find((o) => o.name === name);
    if (found) return found;
    const known = this.#graph.outputs.map((o) => o.name).join(", ");
    throw new TweedieError("invalid-option", { what: `output ${name}`, expected: `one of ${known}`, got: name });
  }

  #values(feeds: Readonly<Record<string, Fed | undefined>>, wanted: readonly string[]): Record<string, Value> {
    const { inputs, conditions } = this.#graph;
    for (const name of Object.keys(feeds)) {
      if (inputs.some((i) => i.name === name)) continue;
      const known = inputs.map((i) => i.name).join(", ");
      throw new TweedieError("invalid-option", { what: `input ${name}`, expected: `one of ${known}`, got: name });
    }
    const values: Record<string, Value> = {};
    for (const { name, onnx, tensor } of inputs) {
      const fed = feeds[name];
      if (fed === undefined && wanted.some((y) => this.#dependsOn(y, tensor)))
        throw new TweedieError("invalid-option", {
          what: `input ${name}`,
          expected: expectation(tensor),
          got: "nothing",
        });
      values[onnx] = { data: elements(name, fed, tensor), shape: tensor.shape, dtype: tensor.dtype };
    }
    for (const [name, onnx] of Object.entries(conditions))
      values[onnx] = { data: Uint8Array.of(wanted.includes(name) ? 1 : 0), shape: [], dtype: "bool" };
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

/** The elements in a buffer of their own, ready to be handed over. */
function elements(name: string, fed: Fed | undefined, tensor: Tensor): TypedArray {
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
