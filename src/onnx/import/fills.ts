import { TweedieError } from "../../errors.ts";
import { isReal } from "../../tensor/dtype.ts";
import { constant, type DType, eye, oneHot, range, type Tensor } from "../../tensor/index.ts";
import { affordable, MOST_ELEMENTS, MOST_ON_HOST } from "./budget.ts";
import type { Family, OnnxNode } from "./node.ts";
import { staticValues } from "./static.ts";
import { computedType, typeName } from "./tensors.ts";

/** A constant written into the graph, in any of the forms that ONNX has for it. */
function constantNode(node: OnnxNode): Tensor {
  const { attributes } = node;
  const value = node.around.tensorAttribute(attributes, "value");
  if (value) return value;
  const float = attributes.float("value_float");
  if (float !== undefined) return constant(float, [], "float32");
  const int = attributes.int("value_int");
  if (int !== undefined) return constant(int, [], "int64");
  const floats = attributes.floats("value_floats");
  if (floats) return constant(floats, [floats.length], "float32");
  const ints = attributes.ints("value_ints");
  if (ints) return constant(ints, [ints.length], "int64");
  throw node.unsupported("a constant that is sparse or holds strings");
}

function constantOfShape(node: OnnxNode): Tensor {
  const value = node.around.tensorAttribute(node.attributes, "value");
  const fill = value ? (staticValues(value)?.[0] ?? 0) : 0;
  const shape = node.numbers(0, "shape");
  checkShape(shape);
  const scalar = constant(fill, [], value?.dtype ?? "float32");
  return scalar.expand(shape); // worked out at import when small
}

/** @throws {TweedieError} invalid-model: extents that are none; too-large */
function checkShape(shape: readonly number[]): void {
  const wrong = shape.find((d) => !Number.isSafeInteger(d) || d < 0);
  if (wrong !== undefined)
    throw new TweedieError("invalid-model", { message: `expected extents from 0 on, got ${wrong}` });
  affordable(
    shape.reduce((n, d) => n * d, 1),
    MOST_ELEMENTS,
    "elements",
  );
}

function typeOf(node: OnnxNode, code: number): DType {
  const dtype = computedType(code);
  if (!dtype) throw node.unsupported(`a result of type ${typeName(code)}`);
  return dtype;
}

const outputType = (node: OnnxNode) => typeOf(node, node.attributes.int("output_datatype", 1));

function eyeLike(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const code = node.attributes.int("dtype");
  affordable(x.shape[0] * x.shape[1], MOST_ON_HOST, "elements of a unit matrix");
  return eye(x.shape[0], x.shape[1], node.attributes.int("k", 0), code === undefined ? x.dtype : typeOf(node, code));
}

function rangeNode(node: OnnxNode): Tensor {
  const [start, limit, step] = [node.number(0, "start"), node.number(1, "limit"), node.number(2, "delta")];
  affordable(Math.max(0, Math.ceil((limit - start) / step)), MOST_ON_HOST, "numbers in a range");
  return range(start, limit, step, node.tensor(0).dtype);
}

function oneHotNode(node: OnnxNode): Tensor {
  const indices = node.tensor(0);
  const whole = isReal(indices.dtype) || indices.dtype.startsWith("u") ? indices.cast("int64") : indices;
  const depth = node.number(1, "depth");
  affordable(depth, MOST_ON_HOST, "entries of a one-hot axis");
  affordable(depth * indices.size, MOST_ELEMENTS, "elements");
  const values = node.tensor(2);
  return oneHot(whole, depth, {
    axis: node.attributes.int("axis", -1),
    on: values.narrow(0, 1, 1).reshape([]),
    off: values.narrow(0, 0, 1).reshape([]),
  });
}

/** Window functions Σ_k a_k cos(2πkn/N), with N the length or, symmetric, one less. */
const window =
  (...cosines: readonly number[]) =>
  (node: OnnxNode) => {
    const size = node.number(0, "size");
    affordable(size, MOST_ON_HOST, "entries of a window");
    const period = node.attributes.flag("periodic", true) ? size : size - 1;
    const at = (n: number) => cosines.reduce((sum, a, k) => sum + a * Math.cos((2 * Math.PI * k * n) / period), 0);
    return constant(
      Array.from({ length: size }, (_, n) => (size === 1 ? 1 : at(n))),
      [size],
      outputType(node),
    );
  };

/** Triangular filters that carry linear frequency bins to the mel scale (HTK's formula), [bins, mel bins]. */
function melWeights(node: OnnxNode): Tensor {
  const [count, dftLength, rate] = [
    node.number(0, "mel bins"),
    node.number(1, "DFT length"),
    node.number(2, "sample rate"),
  ];
  const [low, high] = [node.number(3, "lower edge"), node.number(4, "upper edge")];
  const bins = Math.floor(dftLength / 2) + 1;
  const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
  affordable(count, MOST_ON_HOST, "mel bins");
  const step = (mel(high) - mel(low)) / (count + 2);
  const edges = Array.from({ length: count + 2 }, (_, i) =>
    Math.floor(((dftLength + 1) * 700 * (10 ** ((i * step + mel(low)) / 2595) - 1)) / rate),
  );
  affordable(bins * count, MOST_ON_HOST, "mel weights");
  const out = new Float64Array(bins * count);
  for (let m = 0; m < count; m++) {
    const [from, peak, to] = edges.slice(m, m + 3);
    if (peak === from) out[peak * count + m] = 1;
    else for (let j = from; j <= peak; j++) out[j * count + m] = (j - from) / (peak - from);
    for (let j = peak; j < to; j++) out[j * count + m] = (to - j) / (to - peak);
  }
  return constant(Array.from(out), [bins, count], outputType(node));
}

export const fills: Family = {
  BlackmanWindow: window(0.42, -0.5, 0.08),
  Constant: constantNode,
  ConstantOfShape: constantOfShape,
  EyeLike: eyeLike,
  HammingWindow: window(25 / 46, -21 / 46),
  HannWindow: window(0.5, -0.5),
  MelWeightMatrix: melWeights,
  OneHot: oneHotNode,
  Range: rangeNode,
};
