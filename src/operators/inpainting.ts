import { parameter, type Tensor } from "../tensor/index.ts";
import { fillMissing } from "./fill.ts";
import { knownPixels, type MaskSpec } from "./masks.ts";
import { checkShape, type Operator } from "./operator.ts";

export interface InpaintingOptions {
  readonly mask: MaskSpec;
}

/** Inpainting: y = M ⊙ x; missing pixels of y are 0 (mid grey) and carry no data. A is its own adjoint and pseudo-inverse. */
export function inpainting({ mask }: InpaintingOptions, domain: readonly number[]): Operator {
  const [, channels, height, width] = domain;
  const pixels = knownPixels(mask, channels, height, width);
  const weights = parameter(Float64Array.from(pixels.known), [1, pixels.channels, height, width], "float32");
  const same = (x: Tensor) => x;
  const times = (what: string) => (x: Tensor) => {
    checkShape(what, domain, x);
    return x.mul(weights);
  };
  const solve = (x: Tensor, lambda: Tensor) => x.div(weights.add(lambda));
  return {
    name: "inpaint",
    domain: [1, ...domain.slice(1)],
    range: [1, ...domain.slice(1)],
    linear: true,
    normSquared: 1,
    known: weights,
    observed: weights,
    apply: times("inpaint"),
    pseudoInverse: times("pseudo-inverse of inpaint"),
    exactPseudoInverse: true,
    solveNormal: solve,
    solveGram: solve,
    svd: { vt: same, v: same, ut: same, u: same, singularValues: weights },
    estimate: (y) => fillMissing(y, pixels),
    toJSON: () => ({ name: "inpaint", mask }),
  };
}
