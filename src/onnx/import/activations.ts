import { constant, logSoftmax, maximum, minimum, type Tensor } from "../../tensor/index.ts";
import * as ops from "../../tensor/ops/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Family, OnnxNode } from "./node.ts";
import { staticValues } from "./static.ts";
import { widened } from "./types.ts";

/** An operator of one tensor with real attributes, in the order of f's further arguments. */
const withFloats =
  (f: (x: Tensor, ...values: number[]) => Tensor, ...attributes: readonly [name: string, fallback: number][]) =>
  (node: OnnxNode) =>
    f(node.tensor(0), ...attributes.map(([name, fallback]) => node.attributes.float(name, fallback)));

/** Below opset 13 the axes from `axis` on (1 by default) are normalised together. */
function alongAxis(node: OnnxNode, f: (x: Tensor, axis: number) => Tensor): Tensor {
  const x = node.tensor(0);
  if (node.version >= 13) return f(x, node.attributes.int("axis", -1));
  const axis = node.attributes.int("axis", 1);
  const start = axis < 0 ? axis + x.rank : axis;
  const rows = x.reshape([sizeOf(x.shape.slice(0, start)), sizeOf(x.shape.slice(start))]);
  return f(rows, 1).reshape(x.shape);
}

/** One at the first largest entry along the axis, zero elsewhere. */
function hardmax(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  return ops.oneHot(ops.argMax(x, at), x.shape[at], { axis: at }).cast(x.dtype);
}

function clip(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const limits = [node.optional(1), node.optional(2)];
  if (node.version < 11) return x.clip(node.attributes.float("min"), node.attributes.float("max"));
  const fixed = limits.map((limit) => limit && staticValues(limit)?.[0]);
  const dynamic = limits.some((limit, i) => limit && fixed[i] === undefined);
  const narrow = x.dtype === "int16" || x.dtype === "uint16" || x.dtype === "uint32";
  if (!dynamic && !narrow) return x.clip(fixed[0], fixed[1]);
  return widened([x, ...limits.filter((l) => l !== undefined)], (wide, ...given) => {
    const low = limits[0] ? maximum(wide, given[0]) : wide;
    return limits[1] ? minimum(low, given[given.length - 1]) : low;
  });
}

function prelu(node: OnnxNode): Tensor {
  const [x, slope] = [node.tensor(0), node.tensor(1)];
  // Below opset 7 a list of slopes runs along the channels.
  const channels = node.version < 7 && slope.rank === 1 && slope.size > 1;
  return ops.prelu(x, channels ? slope.reshape([slope.size, ...x.shape.slice(2).map(() => 1)]) : slope);
}

/** Dropout as it acts after training: nothing is dropped. */
function dropout(node: OnnxNode): Tensor[] {
  const x = node.tensor(0);
  const training = node.version >= 12 && node.inputs[2] !== undefined && node.number(2, "training mode") !== 0;
  const ratio = node.version >= 12 && node.inputs[1] !== undefined ? node.number(1, "ratio") : 0.5;
  if (training && ratio !== 0) throw node.unsupported("random dropout in training mode");
  return node.wants(1) ? [x, constant(true).expand(x.shape)] : [x];
}

const swish = (x: Tensor, alpha: number) => (alpha === 1 ? x.silu() : x.mul(x.mul(alpha).sigmoid()));

export const activations: Family = {
  Celu: withFloats(ops.celu, ["alpha", 1]),
  Clip: clip,
  Dropout: dropout,
  Elu: withFloats(ops.elu, ["alpha", 1]),
  Gelu: (node) => node.tensor(0).gelu(node.attributes.string("approximate") === "tanh" ? "tanh" : "none"),
  HardSigmoid: withFloats(ops.hardSigmoid, ["alpha", 0.2], ["beta", 0.5]),
  HardSwish: withFloats(ops.hardSwish),
  Hardmax: (node) => alongAxis(node, hardmax),
  LeakyRelu: withFloats(ops.leakyRelu, ["alpha", 0.01]),
  LogSoftmax: (node) => alongAxis(node, logSoftmax),
  Mish: withFloats(ops.mish),
  PRelu: prelu,
  Relu: withFloats(ops.relu),
  Selu: withFloats(ops.selu, ["alpha", 1.6732632423543772], ["gamma", 1.0507009873554805]),
  Shrink: withFloats(ops.shrink, ["lambd", 0.5], ["bias", 0]),
  Sigmoid: withFloats(ops.sigmoid),
  Softmax: (node) => alongAxis(node, ops.softmax),
  Softplus: withFloats(ops.softplus),
  Softsign: withFloats(ops.softsign),
  SwiGLU: (node) => swish(node.tensor(0), node.attributes.float("alpha", 1)).mul(node.tensor(1)),
  Swish: (node) => swish(node.tensor(0), node.attributes.float("alpha", 1)),
  ThresholdedRelu: withFloats(ops.thresholdedRelu, ["alpha", 1]),
};
