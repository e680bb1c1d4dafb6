import { adjoint, type Operator } from "../operators/operator.ts";
import type { Tensor } from "../tensor/index.ts";
import { sumPerSample } from "./per-sample.ts";
import type { Scope } from "./solver.ts";

/** How a measurement becomes a picture that can be encoded. */
export const backProjections = ["adjoint", "normalised-adjoint", "pseudo-inverse", "start"] as const;
export type BackProjection = (typeof backProjections)[number];

/**
 * The measurement as a latent, [1, C, h, w]; without an autoencoder, as a picture.
 *
 * - `adjoint`: E(Aᵀy). Darker than the picture by the gain of AᵀA (16 for super-resolution by 4), grey where pixels are missing;
 * - `normalised-adjoint`: E(s Aᵀy), s = ‖Aᵀy‖²/‖AAᵀy‖²: the first step of steepest descent on ‖y − Ax‖² from grey, of the right gain;
 * - `pseudo-inverse`: E(A†y), where A has one;
 * - `start`: the encoded first guess, with holes filled in; also what a non-linear A gets instead of an adjoint.
 */
export function encodedMeasurement({ operator, y, start }: Scope, how: BackProjection): Tensor {
  const pictures = operator.latent?.pictures ?? operator;
  const picture = backProjected(pictures, y, how);
  if (!picture) return start;
  return operator.latent ? operator.latent.encode(picture) : picture;
}

function backProjected(operator: Operator, y: Tensor, how: BackProjection): Tensor | undefined {
  if (how === "pseudo-inverse") return operator.pseudoInverse?.(y);
  if (how === "start" || !operator.linear) return undefined;
  const back = adjoint(operator, y);
  if (how === "adjoint") return back;
  const gain = sumPerSample(operator.apply(back).square());
  const zero = gain.equal(0); // y = 0
  return back.mul(zero.where(0, sumPerSample(back.square()).div(zero.where(1, gain))));
}
