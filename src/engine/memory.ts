import { TweedieError } from "../errors.ts";
import type { WrittenGraph } from "../onnx/write.ts";
import { footprint } from "./liveness.ts";

// Measured as growth of the peak resident memory (docs/engine.md): ONNX Runtime's arena takes more than what is alive,
// because it grows in powers of two, leaves gaps, and holds values in two layouts around convolutions.
const arena = 1.85;
const code = 40e6;
/** While it loads, a model exists as our bytes, as protobuf and as tensors. */
const loading = 3;

/** Estimated memory in bytes that loading a graph and running it takes at its peak, on top of what the process has. */
export function estimateMemory(graph: WrittenGraph): number {
  const { weights, live } = footprint(graph);
  return Math.round(code + Math.max(loading * graph.constants.bytes(), 2 * weights + arena * live));
}

/** @throws {TweedieError} out-of-memory: `needed` is above `available`; both numbers are in the error */
export function refuseIfTooLarge(needed: number, available: number): void {
  if (needed <= available) return;
  const size = (bytes: number) => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
  throw new TweedieError("out-of-memory", {
    message: `the program needs about ${size(needed)} of memory, ${size(available)} are available`,
    expected: `at most ${size(available)}`,
    got: `about ${size(needed)}`,
    hint: "use a smaller picture or fewer samples at once, or close other programs",
  });
}
