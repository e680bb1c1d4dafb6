import { ones, type Tensor } from "../tensor/index.ts";
import { denoiseDct } from "./baselines/denoise.ts";
import { checkShape, type Operator } from "./operator.ts";

/** Denoising: A = I; all there is to undo is the noise. */
export function denoising(_options: Record<string, never>, domain: readonly number[]): Operator {
  const [, channels, height, width] = domain;
  const shape = [1, channels, height, width];
  const same = (x: Tensor) => x;
  const solve = (x: Tensor, lambda: Tensor) => x.div(lambda.add(1));
  return {
    name: "denoise",
    domain: shape,
    range: shape,
    linear: true,
    normSquared: 1,
    apply(x) {
      checkShape("denoise", shape, x);
      return x;
    },
    pseudoInverse: same,
    exactPseudoInverse: true,
    solveNormal: solve,
    solveGram: solve,
    svd: { vt: same, v: same, ut: same, u: same, singularValues: ones([1, 1, 1, 1]) },
    estimate: (y, sigma) => denoiseDct(y, [channels, height, width], sigma),
    toJSON: () => ({ name: "denoise" }),
  };
}
