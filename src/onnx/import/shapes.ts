import { concat, constant, type PadMode, type Shape, type Tensor, trilu } from "../../tensor/index.ts";
import { broadcastShapes, normalizeAxis, sizeOf } from "../../tensor/shape.ts";
import { noteReshape } from "./group-norm.ts";
import type { Family, OnnxNode } from "./node.ts";

/** A list that newer operator sets give as an input and older ones as an attribute. */
export function listOf(node: OnnxNode, index: number, name: string, inputSince: number): number[] | undefined {
  return node.version >= inputSince ? node.optionalNumbers(index, name) : node.attributes.ints(name);
}

function requiredList(node: OnnxNode, index: number, name: string, inputSince: number): number[] {
  return node.version >= inputSince ? node.numbers(index, name) : (node.attributes.ints(name) ?? []);
}

function reshape(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const target = requiredList(node, 1, "shape", 5);
  const zeroIsZero = node.attributes.flag("allowzero");
  const y = x.reshape(target.map((d, i) => (d === 0 && !zeroIsZero ? x.shape[i] : d)));
  return noteReshape(y, x);
}

function flatten(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const axis = node.attributes.int("axis", 1);
  const at = axis < 0 ? axis + x.rank : axis;
  return x.reshape([sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
}

function shapeOf(node: OnnxNode): Tensor {
  const { shape } = node.tensor(0);
  const part = shape.slice(node.attributes.int("start", 0), node.attributes.int("end", shape.length));
  return constant(part, [part.length], "int64");
}

/** Sizes of the parts: given, or as equal as they can be. */
export function partSizes(extent: number, count: number, given?: readonly number[]): readonly number[] {
  if (given && given.length > 0) return given;
  const size = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(size, extent - i * size)));
}

function split(node: OnnxNode): Tensor[] {
  const x = node.tensor(0);
  const axis = normalizeAxis("Split", node.attributes.int("axis", 0), x.rank);
  const count = node.attributes.int("num_outputs", node.outputs.length);
  return x.split(partSizes(x.shape[axis], count, listOf(node, 1, "split", 13)), axis);
}

function slice(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const starts = requiredList(node, 1, "starts", 10);
  const ends = requiredList(node, 2, "ends", 10);
  const steps = node.version >= 10 ? node.optionalNumbers(4, "steps") : undefined;
  return x.slice(starts, ends, listOf(node, 3, "axes", 10), steps);
}

const padModes: Readonly<Record<string, PadMode>> = {
  constant: "constant",
  reflect: "reflect",
  edge: "edge",
  wrap: "circular",
};

function pad(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const amounts =
    node.version >= 11
      ? node.numbers(1, "pads")
      : (node.attributes.ints("pads") ?? node.attributes.ints("paddings") ?? []);
  const value =
    node.version >= 11 ? (node.optionalNumbers(2, "constant value")?.[0] ?? 0) : node.attributes.float("value", 0);
  const axes = node.optionalNumbers(3, "axes") ?? x.shape.map((_, i) => i);
  const mode = padModes[node.attributes.string("mode", "constant")];
  if (!mode) throw node.unsupported(`padding mode ${node.attributes.string("mode")}`);
  const full = x.shape.map(() => [0, 0] as [number, number]);
  axes.forEach((a, i) => {
    full[normalizeAxis("Pad", a, x.rank)] = [amounts[i], amounts[i + axes.length]];
  });
  return x.pad(full, mode, value);
}

/** Crops or pads with zeros around the centre; the odd entry lies behind. */
function centerCropPad(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const target = node.numbers(1, "shape");
  const axes = (node.attributes.ints("axes") ?? x.shape.map((_, i) => i)).map((a) =>
    normalizeAxis("CenterCropPad", a, x.rank),
  );
  return x.pad(
    x.shape.map((d, i) => {
      const k = axes.indexOf(i);
      if (k < 0) return [0, 0] as const;
      const missing = target[k] - d;
      const before = missing > 0 ? Math.floor(missing / 2) : -Math.floor(-missing / 2);
      return [before, missing - before] as const;
    }),
  );
}

function unsqueeze(node: OnnxNode): Tensor {
  return node.tensor(0).unsqueeze(requiredList(node, 1, "axes", 13));
}

function squeeze(node: OnnxNode): Tensor {
  return node.tensor(0).squeeze(listOf(node, 1, "axes", 13));
}

/** Each batch entry's first `length` items along the time axis in reverse order. */
function reverseSequence(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const lengths = node.numbers(1, "sequence lengths");
  const [time, batch] = [node.attributes.int("time_axis", 0), node.attributes.int("batch_axis", 1)];
  const parts = lengths.map((n, i) => {
    const item = x.narrow(batch, i, 1);
    return concat([item.narrow(time, 0, n).flip(time), item.narrow(time, n, x.shape[time] - n)], time);
  });
  return concat(parts, batch);
}

function expand(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  return x.expand(broadcastShapes("Expand", x.shape, node.numbers(1, "shape")));
}

function depthToSpace(node: OnnxNode): Tensor {
  const order = node.attributes.string("mode", "DCR") === "CRD" ? "CRD" : "DCR";
  return node.tensor(0).depthToSpace(node.attributes.int("blocksize", 1), order);
}

function tril(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const k = node.optionalNumbers(1, "diagonal")?.[0] ?? 0;
  return trilu(x, { upper: node.attributes.flag("upper", true), k });
}

const scalar = (value: number, shape: Shape = []) => constant(value, shape, "int64");

export const shapes: Family = {
  CenterCropPad: centerCropPad,
  Concat: (node) => concat(node.tensors, node.attributes.int("axis", 1)),
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Pad: pad,
  Reshape: reshape,
  ReverseSequence: reverseSequence,
  Shape: shapeOf,
  Size: (node) => scalar(node.tensor(0).size),
  Slice: slice,
  SpaceToDepth: (node) => node.tensor(0).spaceToDepth(node.attributes.int("blocksize", 1), "DCR"),
  Split: split,
  Squeeze: squeeze,
  Tile: (node) => node.tensor(0).tile(node.numbers(1, "repeats")),
  Transpose: (node) => node.tensor(0).transpose(node.attributes.ints("perm")),
  Trilu: tril,
  Unsqueeze: unsqueeze,
};
