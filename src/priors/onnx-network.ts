import * as z from "zod";
import type { Network } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { GraphBuilder } from "../onnx/import/graph.ts";
import type { LoadedModel } from "../onnx/import/load.ts";
import { dtypeOf } from "../onnx/proto.ts";
import { type DType, isReal } from "../tensor/dtype.ts";
import { concat, probe, type Shape, sizeOf, substitute } from "../tensor/index.ts";
import { FORWARD } from "./prior.ts";

export const onnxSchema = z.strictObject({
  type: z.literal("onnx"),
  inputs: z.strictObject({ image: z.string(), time: z.string() }),
  output: z.string(),
  /** The network's time is `scale` times the preconditioning's (1000 for flows that count to 1000). */
  timeScale: z.number().positive().optional(),
  /** Round time to whole numbers even where the input is real. Integer inputs are always rounded. */
  roundTime: z.boolean().optional(),
  /** Height and width must be multiples of this; 1 by default. */
  multiple: z.int().positive().max(4096).optional(),
  /** Values of further inputs (a class label, a fixed prompt), by input name. */
  constants: z.record(z.string(), z.union([z.number(), z.array(z.number())])).optional(),
});

export type OnnxArchitecture = z.infer<typeof onnxSchema>;

export interface OnnxNetwork {
  /** F(u, time); each call of the model is marked by a probe. */
  readonly network: Network;
  /** Does the model take whole times only? */
  readonly wholeTime: boolean;
  /** [height, width], where the model takes one size only. */
  readonly size?: readonly [number, number];
}

/** An input as an ONNX model declares it; open extents are undefined. */
interface Declared {
  readonly extents: readonly (number | undefined)[];
  readonly dtype: DType | undefined;
}

/**
 * An ONNX model as a network of pictures and times. It is imported once for each shape that it is called with.
 * @param channels of the pictures
 * @throws {TweedieError} invalid-model: inputs and output are not those of the card; unsupported-op, later, when it is called
 */
export function onnxNetwork(model: LoadedModel, architecture: OnnxArchitecture, channels: number): OnnxNetwork {
  const { inputs, output, constants: freeze } = architecture;
  const declared = declaredInputs(model);
  const image = declared.get(inputs.image);
  const time = declared.get(inputs.time);
  if (!image || !time)
    throw mismatch(model, `the inputs ${inputs.image} and ${inputs.time}`, [...declared.keys()].join(", "));
  const [batch, depth, height, width] = image.extents;
  if (image.extents.length !== 4 || (depth !== undefined && depth !== channels))
    throw mismatch(
      model,
      `${inputs.image} [N, ${channels}, H, W]`,
      `[${image.extents.map((d) => d ?? "?").join(", ")}]`,
    );

  const graphs = new Map<string, ReturnType<GraphBuilder["build"]>>();
  const graphFor = (shape: Shape) => {
    const key = shape.join("×");
    const known = graphs.get(key);
    if (known) return known;
    const inputShapes = { [inputs.image]: shape, [inputs.time]: timeShape(time, shape[0]) };
    const graph = new GraphBuilder(model).build(freeze ? { inputShapes, freeze } : { inputShapes });
    if (!graph.outputs[output]) throw mismatch(model, `the output ${output}`, Object.keys(graph.outputs).join(", "));
    graphs.set(key, graph);
    return graph;
  };

  const call: Network = (u, t) => {
    const { inputs: placeholders, outputs } = graphFor(u.shape);
    const [picture, clock] = [placeholders[inputs.image], placeholders[inputs.time]];
    const replacements = new Map([
      [picture, u.cast(picture.dtype)],
      [clock, (isReal(clock.dtype) ? t : t.round()).cast(clock.dtype).reshape(clock.shape)],
    ]);
    const result = substitute([outputs[output]], replacements)[0].cast(u.dtype);
    // Networks with a learned variance give twice the channels; the first half is the prediction.
    return probe(result.shape[1] === 2 * channels ? result.narrow(1, 0, channels) : result, FORWARD);
  };
  const network: Network = (u, t) => {
    const [n] = u.shape;
    const together = (batch === undefined || batch === n) && sizeOf(timeShape(time, n)) === n;
    if (together) return call(u, t);
    return concat(
      Array.from({ length: n }, (_, i) => call(u.narrow(0, i, 1), t.narrow(0, i, 1))),
      0,
    );
  };
  return {
    network,
    wholeTime: time.dtype !== undefined && !isReal(time.dtype),
    ...(height !== undefined && width !== undefined ? { size: [height, width] as const } : {}),
  };
}

/** The time input for n pictures: its open extent is the batch. */
function timeShape({ extents }: Declared, n: number): number[] {
  return extents.map((d) => d ?? n);
}

function declaredInputs({ model: { graph } }: LoadedModel): Map<string, Declared> {
  const stored = new Set(graph?.initializer.map((t) => t.name));
  const found = new Map<string, Declared>();
  for (const { name, type } of graph?.input ?? []) {
    if (stored.has(name) || type?.value.case !== "tensorType") continue;
    const { elemType, shape } = type.value.value;
    const extents = shape?.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : undefined)) ?? [];
    found.set(name, { extents, dtype: dtypeOf(elemType) });
  }
  return found;
}

function mismatch({ name }: LoadedModel, expected: string, got: string): TweedieError {
  return new TweedieError("invalid-model", { what: name, expected: `${expected} that its card names`, got });
}
