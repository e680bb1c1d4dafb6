import { TweedieError } from "../errors.ts";
import { constant } from "../tensor/index.ts";
import { denoiserPrior } from "./denoiser-prior.ts";
import { gaussian } from "./exact.ts";
import { type ClosedFormOptions, mixturePrior } from "./mixture.ts";
import type { Prior } from "./prior.ts";

/**
 * N(mean, covariance) as a prior: E[x0|x] = mean + C(C + sigma²I)^{-1}(x - mean).
 * `denoise` takes vectors [n], batches [N, n] or pictures [N, C, H, W] with C·H·W = n.
 */
export function gaussianPrior(
  mean: readonly number[],
  covariance: readonly (readonly number[])[],
  options?: ClosedFormOptions,
): Prior {
  return mixturePrior(gaussian(mean, covariance), options);
}

/** N(mean, variance·I) over anything: the same number for each pixel, any shape. */
export function isotropicPrior(mean: number, variance: number, options: ClosedFormOptions = {}): Prior {
  if (!(variance > 0) || !Number.isFinite(mean))
    throw new TweedieError("invalid-option", {
      what: "isotropic prior",
      expected: "a finite mean and a variance above 0",
      got: `${mean} and ${variance}`,
    });
  const { name = "isotropic", channels = 3 } = options;
  return denoiserPrior({
    name,
    channels,
    description: `Independent pixels N(${mean}, ${variance})`,
    licence: "none needed: no data",
    hash: JSON.stringify({ mean, variance }),
    denoise: (x, sigma) => {
      const gain = constant(variance, [], x.dtype).div(sigma.square().add(variance));
      return x.sub(mean).mul(gain).add(mean);
    },
  });
}
