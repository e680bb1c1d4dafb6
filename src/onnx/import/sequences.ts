import { concat, constant, stack, Tensor } from "../../tensor/index.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import type { Family, OnnxNode, Result } from "./node.ts";
import { absent, TensorSequence, type Value } from "./value.ts";

/** Sequences have a known length, so their operators vanish at import. */

/** A position that must be known, counted from the end when negative. */
function position(node: OnnxNode, i: number, length: number): number {
  const at = node.number(i, "position");
  return at < 0 ? at + length : at;
}

function insert(node: OnnxNode): TensorSequence {
  const { items } = node.sequence(0);
  const at = node.inputs[2] === undefined ? items.length : position(node, 2, items.length);
  return new TensorSequence(items.toSpliced(at, 0, node.tensor(1)));
}

function erase(node: OnnxNode): TensorSequence {
  const { items } = node.sequence(0);
  const at = node.inputs[1] === undefined ? items.length - 1 : position(node, 1, items.length);
  return new TensorSequence(items.toSpliced(at, 1));
}

function split(node: OnnxNode): TensorSequence {
  const x = node.tensor(0);
  const axis = normalizeAxis("SplitToSequence", node.attributes.int("axis", 0), x.rank);
  const given = node.optional(1);
  const extent = x.shape[axis];
  if (!given) {
    const parts = x.split(new Array<number>(extent).fill(1), axis);
    return new TensorSequence(node.attributes.flag("keepdims", true) ? parts : parts.map((p) => p.squeeze(axis)));
  }
  const numbers = node.numbers(1, "split");
  const sizes = given.rank === 0 ? partSizesOf(extent, numbers[0]) : numbers;
  return new TensorSequence(x.split(sizes, axis));
}

const partSizesOf = (extent: number, size: number) =>
  Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));

function join(node: OnnxNode): Tensor {
  const { items } = node.sequence(0);
  const axis = node.attributes.int("axis", 0);
  return node.attributes.flag("new_axis") ? stack(items, axis) : concat(items, axis);
}

/** Applies a body to the entries of sequences, side by side; other inputs are the same every time. */
function map(node: OnnxNode): Result {
  const { items } = node.sequence(0);
  const body = node.attributes.graph("body");
  const rows = items.map((item, i) => {
    const others = node.inputs.slice(1).map((v) => (v instanceof TensorSequence ? v.items[i] : (v as Value)));
    return node.around.run(body, [item, ...others]);
  });
  return body.output.map((_, k) => {
    const column = rows.map((r) => r[k]);
    if (!column.every((v) => v instanceof Tensor)) throw node.unsupported("a body that gives no tensors");
    return new TensorSequence(column);
  });
}

function hasElement(node: OnnxNode): Tensor {
  const value = node.inputs[0];
  return constant(value !== undefined && value !== absent);
}

function getElement(node: OnnxNode): Value {
  const value = node.inputs[0];
  if (value === undefined || value === absent) throw node.unsupported("reading an empty optional");
  return value;
}

export const sequences: Family = {
  ConcatFromSequence: join,
  Optional: (node) => node.inputs[0] ?? absent,
  OptionalGetElement: getElement,
  OptionalHasElement: hasElement,
  SequenceAt: (node) => {
    const { items } = node.sequence(0);
    return items[position(node, 1, items.length)];
  },
  SequenceConstruct: (node) => new TensorSequence(node.tensors),
  SequenceEmpty: () => new TensorSequence([]),
  SequenceErase: erase,
  SequenceInsert: insert,
  SequenceLength: (node) => constant(node.sequence(0).items.length, [], "int64"),
  SequenceMap: map,
  SplitToSequence: split,
};
