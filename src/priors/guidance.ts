import type { Network } from "../diffusion/index.ts";
import type { Condition, ConditionalNetwork } from "../networks/index.ts";
import { concat, parameter, type Tensor } from "../tensor/index.ts";

/** A network with the same condition at every call. */
export function conditioned(network: ConditionalNetwork, condition: Condition = {}): Network {
  return (u, time) => network(u, time, condition);
}

/**
 * Classifier-free guidance (Ho & Salimans, arXiv 2207.12598): F = F(∅) + w·(F(c) − F(∅)), in one call on a batch of twice
 * the size. Every parametrization here is affine in F with the same coefficients for both, so the denoisers and the scores obey
 * the same formula, whatever the network predicts.
 * @param scale w: 1 leaves the conditional network as it is, 7.5 is Stable Diffusion's usual value
 * @param condition c, and
 * @param without ∅: the empty text, or the class that stands for none
 */
export function guided(
  network: ConditionalNetwork,
  condition: Condition,
  without: Condition,
  scale: number | Tensor,
): Network {
  if (scale === 1) return conditioned(network, condition);
  const w = typeof scale === "number" ? parameter(scale) : scale;
  return (u, time) => {
    const n = u.shape[0];
    const both = network(concat([u, u], 0), concat([time, time], 0), {
      context: joined(without.context, condition.context, n),
      label: joined(without.label, condition.label, n),
    });
    const [free, conditional] = both.split([n, n], 0);
    return free.add(conditional.sub(free).mul(w));
  };
}

/** Two conditions of one sample each, or of n, as those of a batch of 2n. */
function joined(a: Tensor | undefined, b: Tensor | undefined, n: number): Tensor | undefined {
  if (!a || !b) return undefined;
  return concat(
    [a, b].map((t) => t.expand([n, ...t.shape.slice(1)])),
    0,
  );
}
