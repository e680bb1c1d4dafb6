import type { Denoiser } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { probe } from "../tensor/index.ts";
import { FORWARD, type Prior } from "./prior.ts";

/** What {@link denoiserPrior} is given: any field of a prior; name, channels and `denoise` must be among them. */
export type DenoiserPrior = Pick<Prior, "name" | "channels"> &
  Partial<Omit<Prior, "card">> & {
    /** E[x0 | x] at noise level sigma, as tensors: pictures x [N, channels, H, W] on [-1, 1], sigma [] or [N, 1, 1, 1]. */
    readonly denoise: Denoiser;
    readonly description?: string;
    readonly licence?: string;
  };

let made = 0;

/**
 * A prior of a function: a denoiser of one's own. Each call of it counts as one network evaluation.
 *
 * `multipleOf` is 1 and `sigmaRange` [1e-4, 1e4] unless given. Without a `hash` each prior is taken for another network.
 * @throws {TweedieError} invalid-option: channels or sigmaRange that are none
 */
export function denoiserPrior(given: DenoiserPrior): Prior {
  const { description = "A denoiser in code", licence = "not stated", ...fields } = given;
  const { name, channels, denoise, multipleOf = 1, sigmaRange = [1e-4, 1e4], hash = `${name} #${++made}` } = fields;
  if (!Number.isInteger(channels) || channels < 1)
    throw new TweedieError("invalid-option", {
      what: `prior ${name}, channels`,
      expected: "a whole number above 0",
      got: String(channels),
    });
  const [min, max] = sigmaRange;
  if (!(min > 0 && min < max))
    throw new TweedieError("invalid-option", {
      what: `prior ${name}, sigmaRange`,
      expected: "two rising numbers above 0",
      got: `[${min}, ${max}]`,
    });
  return {
    ...fields,
    multipleOf,
    sigmaRange,
    hash,
    denoise: (x, sigma) => probe(denoise(x, sigma), FORWARD),
    card: { name, description, licence, image: { channels, range: [-1, 1] }, architecture: { type: "function" } },
  };
}
