import type { Tensor } from "../tensor/index.ts";
import type { Denoiser } from "./denoiser.ts";

// One step of a sampler from noise level sigma to next < sigma, as formulas. Noise levels are tensors of shape [] or
// [N, 1, 1, 1]; `denoised` is D(x, sigma), or any guided estimate in its place; `noise` is standard normal, shaped as x.

/** Euler step of the probability-flow ODE dx/dsigma = (x - D)/sigma; the same as DDIM with eta = 0. */
export function eulerStep(x: Tensor, denoised: Tensor, sigma: Tensor, next: Tensor): Tensor {
  return denoised.add(x.sub(denoised).mul(next.div(sigma)));
}

/**
 * DDIM (Song et al. 2021, eq. 12 and 16) in variance-exploding coordinates: of the variance next², the part
 * up² = eta²·next²(sigma² - next²)/sigma² is fresh noise. eta = 0 is deterministic, eta = 1 the ancestral sampler of DDPM.
 */
export function ddimStep(
  x: Tensor,
  denoised: Tensor,
  sigma: Tensor,
  next: Tensor,
  noise: Tensor,
  eta: Tensor | number = 1,
): Tensor {
  const ratio = next.div(sigma).square();
  const up2 = next
    .square()
    .mul(ratio.neg().add(1))
    .mul(typeof eta === "number" ? eta ** 2 : eta.square());
  const down = next.square().sub(up2).maximum(0).sqrt();
  return denoised.add(x.sub(denoised).mul(down.div(sigma))).add(noise.mul(up2.sqrt()));
}

/** Ancestral sampling (Ho et al. 2020, posterior variance): DDIM with eta = 1. */
export function ancestralStep(x: Tensor, denoised: Tensor, sigma: Tensor, next: Tensor, noise: Tensor): Tensor {
  return ddimStep(x, denoised, sigma, next, noise, 1);
}

/**
 * Forgets part of the predicted noise: D + next·(√(1-eta²)·(x-D)/sigma + eta·noise), as in DDNM, DDRM and DiffPIR. Their eta is
 * not DDIM's; eta = 1 noises the estimate afresh.
 */
export function renoiseStep(
  x: Tensor,
  denoised: Tensor,
  sigma: Tensor,
  next: Tensor,
  noise: Tensor,
  eta: number,
): Tensor {
  const kept = eta === 1 ? denoised : denoised.add(x.sub(denoised).mul(next.div(sigma).mul(Math.sqrt(1 - eta ** 2))));
  return kept.add(noise.mul(next.mul(eta)));
}

/**
 * Heun's second-order step of the same ODE (Karras et al. 2022, algorithm 1): a second evaluation at the Euler point.
 * @param denoised D(x, sigma)
 * @param next must be above 0: end with an Euler step
 */
export function heunStep(denoise: Denoiser, x: Tensor, denoised: Tensor, sigma: Tensor, next: Tensor): Tensor {
  const slope = x.sub(denoised).div(sigma);
  const ahead = x.add(slope.mul(next.sub(sigma)));
  const slopeAhead = ahead.sub(denoise(ahead, next)).div(next);
  return x.add(slope.add(slopeAhead).mul(next.sub(sigma).mul(0.5)));
}
