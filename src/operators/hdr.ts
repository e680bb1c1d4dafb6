import { constant } from "../tensor/index.ts";
import { checkShape, type Operator } from "./operator.ts";

export interface HdrOptions {
  /** Exposure: 2 as published. */
  readonly gain?: number | undefined;
}

/**
 * High dynamic range: y = clip(gain·x, -1, 1), an exposure that leaves bright and dark parts saturated (RED-diff,
 * arXiv 2305.04391; DAPS). Not linear: saturated pixels have derivative 0. A†y = y/gain inverts all others.
 */
export function hdr({ gain = 2 }: HdrOptions, domain: readonly number[]): Operator {
  const shape = [1, ...domain.slice(1)];
  const scale = constant(gain);
  return {
    name: "hdr",
    domain: shape,
    range: shape,
    linear: false,
    normSquared: gain * gain,
    exactPseudoInverse: true,
    apply(x) {
      checkShape("hdr", shape, x);
      return x.mul(scale).clip(-1, 1);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of hdr", shape, y);
      return y.div(scale);
    },
    estimate: (y) => Float64Array.from(y, (v) => v / gain),
    toJSON: () => ({ name: "hdr", gain }),
  };
}
