import type { WrittenGraph } from "./write.ts";

/** Bytes of all constants of a graph. */
export function constantBytes(graph: WrittenGraph): number {
  return graph.constants.all().reduce((n, c) => n + c.data.byteLength, 0);
}
