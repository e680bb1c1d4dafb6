import { TweedieError } from "../errors.ts";
import type { LoadedModel } from "../onnx/import/load.ts";
import { type ImportedModel, importOnnx } from "../onnx/import.ts";
import { isReal } from "../tensor/dtype.ts";
import { concat, type Shape, show, substitute, type Tensor } from "../tensor/index.ts";
import { checkShape, type Operator } from "./operator.ts";

export interface NetworkOptions {
  /** An ONNX file with one input [N, C, H, W] and an output [N, c, h, w]. */
  readonly model: string;
  /** Names of the input and output, where the model has several of them. */
  readonly input?: string;
  readonly output?: string;
  /** What it works on: x in [-1, 1] (the default), or (x + 1)/2 in [0, 1], and its output alike. */
  readonly values?: "signed" | "unit";
}

/**
 * A measurement that a trained network simulates (a learnt blur such as BKSE, a camera, a renderer): y = network(x), read from
 * ONNX and differentiated like everything else. It counts as non-linear. Its pseudo-inverse is y itself, where y is a picture
 * of x's shape. The network is imported for one picture; a batch goes through it one by one.
 * @param read the model that `options.model` names
 * @throws {TweedieError} invalid-model, unsupported-op: see importOnnx; and what `read` throws
 */
export function network(
  read: (model: string) => LoadedModel,
  options: NetworkOptions,
  domain: readonly number[],
): Operator {
  const { model: file, values = "signed" } = options;
  const shape = [1, ...domain.slice(1)];
  const model = load(read(file), options, shape);
  const [placeholder, result] = ends(options, model);
  if (result.rank !== 4 || result.shape[0] !== 1)
    throw new TweedieError("invalid-model", {
      what: file,
      expected: "an output of shape [1, channels, height, width]",
      got: show(result.shape),
    });
  const unit = values === "unit";
  const one = (x: Tensor): Tensor => {
    const u = unit ? x.add(1).mul(0.5) : x;
    const v = substitute([result], new Map([[placeholder, u.cast(placeholder.dtype)]]))[0].cast(x.dtype);
    return unit ? v.mul(2).sub(1) : v;
  };
  const samePictures = show(result.shape) === show(shape);
  return {
    name: "network",
    domain: shape,
    range: result.shape,
    linear: false,
    normSquared: 1,
    exactPseudoInverse: false,
    apply(x) {
      checkShape("network", shape, x);
      const pictures = Array.from({ length: x.shape[0] }, (_, k) => one(x.narrow(0, k, 1)));
      return pictures.length === 1 ? pictures[0] : concat(pictures, 0);
    },
    ...(samePictures ? { pseudoInverse: (y: Tensor) => y } : {}),
    toJSON: () => ({ name: "network", ...options, values }),
  };
}

function load(loaded: LoadedModel, { input }: NetworkOptions, shape: Shape): ImportedModel {
  const { graph } = loaded.model;
  const stored = new Set(graph?.initializer.map((t) => t.name));
  const names = (graph?.input ?? []).map(({ name }) => name).filter((name) => !stored.has(name));
  const name = input ?? names[0];
  return importOnnx(loaded, name !== undefined && names.includes(name) ? { inputShapes: { [name]: shape } } : {});
}

function ends({ model: file, input, output }: NetworkOptions, model: ImportedModel): [Tensor, Tensor] {
  const pick = (what: string, name: string | undefined, among: Record<string, Tensor>): Tensor => {
    const names = Object.keys(among);
    const chosen = name ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && among[chosen]) return among[chosen];
    throw new TweedieError("invalid-model", {
      what: file,
      expected: name === undefined ? `one ${what}, or the name of the one that is meant` : `an ${what} ${name}`,
      got: names.join(", "),
    });
  };
  const placeholder = pick("input", input, model.inputs);
  const others = Object.keys(model.inputs).length;
  if (others !== 1 || !isReal(placeholder.dtype))
    throw new TweedieError("invalid-model", {
      what: file,
      expected: "a network of one picture",
      got: `inputs ${Object.keys(model.inputs).join(", ")}`,
    });
  return [placeholder, pick("output", output, model.outputs)];
}
