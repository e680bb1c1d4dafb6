import type { Tensor } from "../tensor/index.ts";

/**
 * E[x0 | x] for x = x0 + sigma·eps: the one contract between priors and solvers.
 * @param x noisy pictures [N, C, H, W], clean values on [-1, 1] (closed-form priors take vectors as well)
 * @param sigma standard deviation of the noise on that scale, ≥ 0, of shape `[]` or `[N, 1, 1, 1]`
 * @returns the posterior mean, shaped as x
 */
export type Denoiser = (x: Tensor, sigma: Tensor) => Tensor;
