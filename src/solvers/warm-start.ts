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
  const around = (centre: Tensor, level: Tensor | number) => centre.expand(shape).add(noise("start").mul(level));
  if (operator.name !== "denoise") return around(start, sigmaMax);
  const exact = sigmaY.lessOrEqual(sigmaMax);
  const missing = sigmaY
    .square()
    .neg()
    .add(sigmaMax ** 2)
    .maximum(0)
    .sqrt();
  return around(exact.where(y, start), exact.where(missing, sigmaMax));
}
