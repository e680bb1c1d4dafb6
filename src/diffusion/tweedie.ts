import { jvp, type Tensor, vjp } from "../tensor/index.ts";
import type { Denoiser } from "./denoiser.ts";

// Tweedie's formula, first and second order (Robbins 1956; Efron 2011): for x = x0 + sigma·eps,
// E[x0|x] = x + sigma²·∇log p(x) and Cov[x0|x] = sigma²·∂E[x0|x]/∂x.

/** ∇log p_sigma(x) = (D - x)/sigma². */
export function score(x: Tensor, denoised: Tensor, sigma: Tensor): Tensor {
  return denoised.sub(x).div(sigma.square());
}

/** E[eps | x] = (x - D)/sigma. */
export function expectedNoise(x: Tensor, denoised: Tensor, sigma: Tensor): Tensor {
  return x.sub(denoised).div(sigma);
}

export interface CovarianceProduct {
  /** E[x0 | x]. */
  readonly denoised: Tensor;
  /** Cov[x0 | x]·v, shaped as v. */
  readonly product: Tensor;
}

/**
 * sigma²·Jᵀv by one VJP. For an exact denoiser J is symmetric and this is Cov[x0|x]·v; for a network it is the gradient that
 * guidance needs.
 * @param x where to differentiate; `v` is shaped alike
 */
export function covarianceVjp(denoise: Denoiser, x: Tensor, sigma: Tensor, v: Tensor): CovarianceProduct {
  const denoised = denoise(x, sigma);
  const [pulled] = vjp([denoised], [x], [v]);
  return { denoised, product: pulled.mul(sigma.square()) };
}

/** sigma²·J·v by one JVP (two VJPs): the covariance acting from the left. */
export function covarianceJvp(denoise: Denoiser, x: Tensor, sigma: Tensor, v: Tensor): CovarianceProduct {
  const denoised = denoise(x, sigma);
  const [pushed] = jvp([denoised], [x], [v]);
  return { denoised, product: pushed.mul(sigma.square()) };
}
