import { createHash } from "node:crypto";
import { TweedieError } from "../errors.ts";
import { constant, probe } from "../tensor/index.ts";
import { gaussian } from "./exact.ts";
import { type ClosedFormOptions, mixturePrior } from "./mixture.ts";
import { FORWARD, type Prior } from "./prior.ts";

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
  return {
    name,
    channels,
    multipleOf: 1,
    sigmaRange: [1e-4, 1e4],
    card: {
      name,
      description: `Independent pixels N(${mean}, ${variance})`,
      licence: "none needed: no data",
      image: { channels, range: [-1, 1] },
      architecture: { type: "gaussian", dimension: 1 },
    },
    hash: createHash("sha256").update(JSON.stringify({ mean, variance })).digest("hex"),
    denoise(x, sigma) {
      const gain = constant(variance, [], x.dtype).div(sigma.square().add(variance));
      return probe(x.sub(mean).mul(gain).add(mean), FORWARD);
    },
  };
}
