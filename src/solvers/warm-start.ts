import type { Tensor } from "../tensor/index.ts";
import type { Scope } from "./solver.ts";

/** The start of a solver that can take one: around the measurement, or noise alone. */
export function startAt(scope: Scope, sigmaMax: number, warm: boolean): Tensor {
  return warm ? warmStart(scope, sigmaMax) : scope.noise("start").mul(sigmaMax);
}

/**
 * A start at noise level sigmaMax that knows the measurement, [N, C, H, W]: the first guess plus noise. In plain denoising
 * y itself is a draw of x_σ at σ = σ_y, and all it takes is the noise that is missing above that level.
 */
export function warmStart({ y, start, shape, operator, sigmaY, noise }: Scope, sigmaMax: number): Tensor {
  const exact = operator.name === "denoise" && sigmaMax >= sigmaY;
  const level = exact ? Math.sqrt(sigmaMax ** 2 - sigmaY ** 2) : sigmaMax;
  return (exact ? y : start).expand(shape).add(noise("start").mul(level));
}
