import { bytesPerElement } from "../onnx/proto.ts";
import type { WrittenGraph } from "../onnx/write.ts";
import { constantBytes } from "../onnx/write-file.ts";
import { ancestors, type Tensor } from "../tensor/index.ts";

/** Estimated peak of memory that running a graph takes, in bytes: weights and live tensors. */
export function estimateMemory(graph: WrittenGraph): number {
  const outputs = graph.outputs.map((o) => o.tensor);
  const order = ancestors(outputs).filter((x) => x.op.name !== "constant");
  const last = new Map<Tensor, number>();
  order.forEach((x, i) => {
    for (const y of x.inputs) last.set(y, i);
  });
  for (const y of outputs) last.set(y, order.length);
  const bytes = (x: Tensor) => x.size * bytesPerElement(x.dtype);
  let live = 0;
  let peak = 0;
  order.forEach((x, i) => {
    live += bytes(x);
    peak = Math.max(peak, live);
    for (const y of new Set(x.inputs)) if (last.get(y) === i && y.op.name !== "constant") live -= bytes(y);
  });
  return peak + 2 * constantBytes(graph);
}
