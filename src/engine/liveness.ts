import { bytesPerElement } from "../onnx/proto.ts";
import type { WrittenGraph } from "../onnx/write.ts";
import type { NodeRecord } from "../onnx/write-scope.ts";

/** Bytes that a graph keeps for ever, and at most at one time while it runs. */
export interface Footprint {
  /** Constants, and what ONNX Runtime computes of constants alone when it loads the model. */
  readonly weights: number;
  /** The largest sum of values alive at one node. */
  readonly live: number;
}

const views = new Set(["Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten"]);
// Elementwise nodes may write over an operand that dies with them.
const elementwise = new Set(
  "Add Sub Mul Div Neg Abs Sqrt Exp Log Relu Sigmoid Tanh Erf QuickGelu HardSigmoid Reciprocal Pow Min Max Clip Cos Sin Where Sign Softplus".split(
    " ",
  ),
);
const shrinking = /^(Reduce|Arg|Global|Shape|Size)/;

/** Walks the nodes in their order and adds up what is alive. */
export function footprint(graph: WrittenGraph): Footprint {
  const alias = new Map<string, string>();
  const root = (name: string): string => {
    let at = name;
    for (let next = alias.get(at); next !== undefined; next = alias.get(at)) at = next;
    return at;
  };
  const steps = flatten(graph.main.records, alias);
  const bytes = new Map<string, number>();
  const sizeOf = (name: string): number => {
    const r = root(name);
    const tensor = graph.tensors.get(r);
    if (tensor) return tensor.size * bytesPerElement(tensor.dtype);
    return bytes.get(r) ?? graph.constants.get(r)?.data.byteLength ?? 0;
  };
  for (const step of steps) {
    if (views.has(step.type)) alias.set(step.outputs[0], step.inputs[0]);
    else for (const name of step.outputs) bytes.set(name, resultBytes(step, sizeOf));
  }

  const folded = new Set(graph.constants.all().map((c) => c.name));
  const last = new Map<string, number>();
  const weights = new Set<string>();
  steps.forEach((step, i) => {
    const names = step.inputs.filter((name) => name !== "").map(root);
    if (names.every((name) => folded.has(name))) {
      for (const name of step.outputs) folded.add(root(name));
      return;
    }
    for (const name of names) {
      if (folded.has(name)) weights.add(name);
      else last.set(name, i);
    }
  });
  const fed = [...graph.inputs, ...graph.parameters];
  for (const { name } of fed) last.set(name, steps.length);
  const produced = new Map<string, string>();
  for (const [name, renamed] of graph.renamed) produced.set(renamed, name);
  for (const { onnx } of graph.outputs) last.set(root(produced.get(onnx) ?? onnx), steps.length);

  let live = fed.reduce((n, { name }) => n + sizeOf(name), 0);
  let peak = live;
  steps.forEach((step, i) => {
    if (views.has(step.type) || step.outputs.every((name) => folded.has(root(name)))) return;
    const dying = [...new Set(step.inputs.map(root))].filter((name) => last.get(name) === i && !folded.has(name));
    const result = step.outputs.reduce((n, name) => n + sizeOf(name), 0);
    const overwritten = elementwise.has(step.type) && dying.some((name) => sizeOf(name) === result);
    peak = Math.max(peak, live + (overwritten ? 0 : result));
    live += result - dying.reduce((n, name) => n + sizeOf(name), 0);
    for (const name of step.outputs) if (!last.has(root(name))) live -= sizeOf(name);
  });
  return { weights: [...weights].reduce((n, name) => n + sizeOf(name), 0), live: peak };
}

/** The nodes in one list; the bodies of `If` stand where they run. */
function flatten(records: readonly NodeRecord[], alias: Map<string, string>): NodeRecord[] {
  return records.flatMap((record) => {
    if (!record.body) return [record];
    record.body.results.forEach(({ name }, i) => {
      alias.set(record.outputs[i], name);
    });
    return flatten(record.body.scope.records, alias);
  });
}

/** The size of a value inside an op that is written as several nodes; the last of them is the tensor itself. */
function resultBytes({ type, inputs, owner }: NodeRecord, sizeOf: (name: string) => number): number {
  const own = owner ? owner.size * bytesPerElement(owner.dtype) : 0;
  const given = inputs.map(sizeOf);
  if (shrinking.test(type)) return Math.min(own, given[0]);
  if (elementwise.has(type)) return Math.max(...given);
  if (type === "Transpose" || type === "Slice") return given[0];
  return own;
}
