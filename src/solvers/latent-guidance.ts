import { TweedieError } from "../errors.ts";
import type { LatentView, Operator } from "../operators/operator.ts";
import { gradient, type Tensor } from "../tensor/index.ts";
import { elementsPerSample } from "./per-sample.ts";

/** The parts of A ∘ decode. @throws invalid-operator for operators on pictures, which `needs.latent` keeps away */
export function latentParts({ latent, name }: Operator): LatentView {
  if (latent) return latent;
  throw new TweedieError("invalid-operator", { what: "latent solver", expected: "A ∘ decode", got: name });
}

/** √(n/n₀) for n₀ = 4·64² latents (512² pixels), for which step sizes are published: states grow like √n. */
export function latentScale(z: Tensor): number {
  return Math.sqrt(elementsPerSample(z) / (4 * 64 ** 2));
}

/**
 * −√((1+σ²)(1+σ'²)) ∇ₓ error: the published update z_s − ∇_{z_t} error of variance-preserving latents z = x/√(1+σ²), for the
 * variance-exploding x used here.
 * @param error one number for all samples, of which each depends on its own part of x alone
 */
export function guidance(x: Tensor, error: Tensor, sigma: Tensor, next: Tensor): Tensor {
  const [g] = gradient(error, [x]);
  return g.mul(sigma.square().add(1).mul(next.square().add(1)).sqrt()).neg();
}
