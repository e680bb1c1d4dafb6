import { concat, constant, stack, Tensor } from "../../tensor/index.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import type { GraphProto } from "../proto.ts";
import type { Family, OnnxNode, Result } from "./node.ts";
import type { Value } from "./value.ts";

/** Control flow is written out, so it must be known how it goes. */

/** Iterations that are written out at most. */
const longest = 1024;

function branch(node: OnnxNode): Result {
  const condition = node.number(0, "condition") !== 0;
  return node.around.run(node.attributes.graph(condition ? "then_branch" : "else_branch"), []);
}

const asTensors = (node: OnnxNode, values: readonly Value[]): Tensor[] =>
  values.map((v) => {
    if (!(v instanceof Tensor)) throw node.unsupported("collecting values that are no tensors");
    return v;
  });

function loop(node: OnnxNode): Result {
  const body = node.attributes.graph("body");
  const trips = node.inputs[0] === undefined ? Number.POSITIVE_INFINITY : node.number(0, "trip count");
  let go = node.inputs[1] === undefined || node.number(1, "condition") !== 0;
  let states = node.inputs.slice(2) as Value[];
  const collected: Value[][] = [];
  for (let i = 0; go && i < trips; i++) {
    if (i >= longest) throw node.unsupported(`a loop of more than ${longest} iterations`);
    const results = node.around.run(body, [constant(i, [], "int64"), constant(true), ...states]);
    go = node.values(asTensors(node, [results[0]])[0], "condition to go on")[0] !== 0;
    states = results.slice(1, 1 + states.length);
    collected.push(results.slice(1 + states.length));
  }
  const scans = body.output.length - 1 - states.length;
  if (scans > 0 && collected.length === 0) throw node.unsupported("a loop without iterations that collects values");
  const stacked = Array.from({ length: scans }, (_, k) =>
    stack(
      asTensors(
        node,
        collected.map((c) => c[k]),
      ),
    ),
  );
  return [...states, ...stacked];
}

interface ScanAxes {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly backInputs: readonly boolean[];
  readonly backOutputs: readonly boolean[];
}

/** One pass of Scan's body over the slices of its inputs. */
function scanOnce(
  node: OnnxNode,
  body: GraphProto,
  states: readonly Tensor[],
  items: readonly Tensor[],
  axes: ScanAxes,
): Tensor[] {
  const at = items.map((x, k) => normalizeAxis("Scan", axes.inputs[k] ?? 0, x.rank));
  const length = items[0]?.shape[at[0]] ?? 0;
  if (length > longest) throw node.unsupported(`a scan of more than ${longest} entries`);
  let current: readonly Tensor[] = states;
  const collected: Tensor[][] = [];
  for (let i = 0; i < length; i++) {
    const slices = items.map((x, k) => x.narrow(at[k], axes.backInputs[k] ? length - 1 - i : i, 1).squeeze(at[k]));
    const results = asTensors(node, node.around.run(body, [...current, ...slices]));
    current = results.slice(0, states.length);
    collected.push(results.slice(states.length));
  }
  const stacked = (collected[0] ?? []).map((first, k) => {
    const parts = collected.map((c) => c[k]);
    const axis = normalizeAxis("Scan", axes.outputs[k] ?? 0, first.rank + 1);
    return stack(axes.backOutputs[k] ? parts.reverse() : parts, axis);
  });
  return [...current, ...stacked];
}

function scan(node: OnnxNode): Tensor[] {
  const { attributes } = node;
  const body = attributes.graph("body");
  const count = attributes.int("num_scan_inputs", 1);
  const flags = (name: string) => (attributes.ints(name) ?? []).map((d) => d === 1);
  if (node.version >= 9) {
    const all = node.tensors;
    return scanOnce(node, body, all.slice(0, all.length - count), all.slice(all.length - count), {
      inputs: attributes.ints("scan_input_axes") ?? [],
      outputs: attributes.ints("scan_output_axes") ?? [],
      backInputs: flags("scan_input_directions"),
      backOutputs: flags("scan_output_directions"),
    });
  }
  // The first version has a batch axis in front and optional sequence lengths.
  if (node.inputs[0] !== undefined) throw node.unsupported("a scan with sequence lengths");
  const all = node.inputs.slice(1).map((_, i) => node.tensor(i + 1));
  const back = { inputs: [], outputs: [], backInputs: flags("directions"), backOutputs: [] };
  const perEntry = Array.from({ length: all[0].shape[0] }, (_, b) => {
    const own = all.map((x) => x.narrow(0, b, 1).squeeze(0));
    return scanOnce(node, body, own.slice(0, own.length - count), own.slice(own.length - count), back);
  });
  return perEntry[0].map((_, k) =>
    concat(
      perEntry.map((r) => r[k].unsqueeze(0)),
      0,
    ),
  );
}

export const control: Family = { If: branch, Loop: loop, Scan: scan };
