import type { Operator } from "../operators/operator.ts";
import { evaluate } from "../tensor/index.ts";

/** Pixels that were measured without noise are put back as they were. */
export function keepKnown(
  { known, domain }: Operator,
  sigmaY: number,
  y: Float32Array,
  pictures: Float32Array,
): Float32Array {
  if (sigmaY > 0 || !known) return pictures;
  const [{ data }] = evaluate([known.expand(domain)]);
  return pictures.map((v, i) => (data[i % data.length] ? y[i % data.length] : v));
}
