import { adjoint } from "../operators/operator.ts";
import type { Tensor } from "../tensor/index.ts";
import { normPerSample } from "./per-sample.ts";
import type { Scope } from "./solver.ts";

/**
 * The gluing term of PSLD (Rout et al., arXiv 2307.00619, eq. 5): ‖z̄0 − E(Aᵀy + 𝒟(z̄0) − AᵀA𝒟(z̄0))‖ of each sample, [N, 1, 1, 1].
 * It is small where z̄0 is a fixed point of putting the measurement into its picture and encoding that again.
 * @param picture 𝒟(z̄0)
 * @throws invalid-operator unless A is linear
 */
export function gluing(mean: Tensor, picture: Tensor, { operator, y }: Scope): Tensor {
  const { pictures = operator, encode = same } = operator.latent ?? {};
  const glued = picture.add(adjoint(pictures, y.sub(pictures.apply(picture))));
  return normPerSample(mean.sub(encode(glued)));
}

const same = (x: Tensor) => x;
