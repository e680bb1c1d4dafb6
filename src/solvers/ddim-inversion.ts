import { eulerStep } from "../diffusion/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Step } from "./solver.ts";

// DDIM run backwards (Song, Meng, Ermon, arXiv 2010.02502, section 4.3; Dhariwal & Nichol, arXiv 2105.05233, appendix F): the
// probability-flow ODE from a clean picture up to noise, with the noise predicted at the lower level of each step. Walking down the
// same levels afterwards gives the picture back, to first order in the steps.

/**
 * Steps of the kind `invert` up a falling list of noise levels. The picture counts as one at the lowest level above 0, so that n
 * levels take n − 1 steps.
 */
export function ascend(levels: readonly number[]): Step[] {
  const rising = levels.filter((sigma) => sigma > 0).reverse();
  return rising
    .slice(0, -1)
    .map((sigma, i) => ({ kind: "invert", sigma: rising[i + 1], scalars: { sigma, next: rising[i + 1] } }));
}

/** z at σ' > σ, from z and D(z, σ): D + (σ'/σ)(z − D). */
export function inversionStep(z: Tensor, denoised: Tensor, sigma: Tensor, next: Tensor): Tensor {
  return eulerStep(z, denoised, sigma, next);
}
