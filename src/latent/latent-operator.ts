import { TweedieError } from "../errors.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import { DECODE, ENCODE, type Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import { probe, type Shape, show, type Tensor } from "../tensor/index.ts";

/** The latent space of a prior. @throws {TweedieError} invalid-model: the prior is one of images */
export function latentSpace({ latent, name }: Prior): Autoencoder {
  if (latent) return latent;
  throw new TweedieError("invalid-model", {
    what: `model ${name}`,
    expected: "a latent prior",
    got: "one of pictures",
  });
}

/** The shape [1, latents, h, w] of the latents that decode to pictures of the shape [1, C, H, W], or to slightly larger ones. */
export function latentShape({ latents, factor }: Autoencoder, [, , height, width]: Shape): Shape {
  return [1, latents, Math.ceil(height / factor), Math.ceil(width / factor)];
}

/**
 * A ∘ decode as a measurement operator on latents: what turns any solver into a latent one. Pictures whose sides are no
 * multiples of the factor are decoded a little larger and cropped.
 *
 * It is linear where both are. It has no SVD and no pseudo-inverse of its own: those of A do not survive a decoder; solvers made for
 * latents find A, the encoder and the decoder in `latent`.
 * @param slopeSquared typical squared slope of the decoder, ‖J‖², which makes `normSquared` a bound of the composition's
 * @throws invalid-operator when A takes pictures of other channels
 */
export function latentOperator(operator: Operator, autoencoder: Autoencoder, slopeSquared = 1): Operator {
  const [, channels, height, width] = operator.domain;
  if (channels !== autoencoder.channels)
    throw new TweedieError("invalid-operator", {
      what: `${operator.name} after the decoder`,
      expected: `pictures of ${autoencoder.channels} channels`,
      got: show(operator.domain),
    });
  const decode = once((z) => probe(autoencoder.decode(z).narrow(2, 0, height).narrow(3, 0, width), DECODE));
  return {
    name: "latent",
    domain: latentShape(autoencoder, operator.domain),
    range: operator.range,
    linear: operator.linear && autoencoder.linear === true,
    observed: operator.observed,
    surrogateGradient: operator.surrogateGradient,
    get normSquared() {
      return operator.normSquared * slopeSquared;
    },
    apply: (z) => operator.apply(decode(z)),
    latent: { pictures: operator, encode: once((x) => probe(encodePadded(autoencoder, x), ENCODE)), decode },
    toJSON: () => ({ name: "latent", operator: operator.toJSON() }),
  };
}

/** The mean of q(z|x) for pictures of any size: bottom and right are reflected up to the next multiple of the factor. */
export function encodePadded(autoencoder: Autoencoder, x: Tensor): Tensor {
  const border = (side: number): [number, number] => [
    0,
    Math.ceil(side / autoencoder.factor) * autoencoder.factor - side,
  ];
  const [, , height, width] = x.shape;
  return autoencoder.encode(x.pad([[0, 0], [0, 0], border(height), border(width)], "reflect")).mean;
}

/** What is asked for twice of the same tensor is computed once: a solver's own pass and that of its residual, for one. */
function once(map: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  const known = new WeakMap<Tensor, Tensor>();
  return (x) => {
    const before = known.get(x);
    if (before) return before;
    const result = map(x);
    known.set(x, result);
    return result;
  };
}
