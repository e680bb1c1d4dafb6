import type { Tensor } from "../tensor/index.ts";

/** Adam's running means of the gradient and of its square, shaped as what is optimised. */
export interface Moments {
  readonly m: Tensor;
  readonly v: Tensor;
}

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/** The scalars 1 − β₁ᵏ and 1 − β₂ᵏ of iterations `from` … `from + count − 1`, counted from 0. */
export function debiasing(from: number, count: number): { debias1: number[]; debias2: number[] } {
  const powers = (beta: number) => Array.from({ length: count }, (_, k) => 1 - beta ** (from + k + 1));
  return { debias1: powers(beta1), debias2: powers(beta2) };
}

/**
 * One iteration of Adam (Kingma & Ba, arXiv 1412.6980), with PyTorch's constants.
 * @returns the new moments, and the direction m̂/(√v̂ + ε) to be taken off
 */
export function adamStep(g: Tensor, { m, v }: Moments, debias1: Tensor, debias2: Tensor): Moments & { step: Tensor } {
  const first = m.mul(beta1).add(g.mul(1 - beta1));
  const second = v.mul(beta2).add(g.square().mul(1 - beta2));
  return { m: first, v: second, step: first.div(debias1).div(second.div(debias2).sqrt().add(epsilon)) };
}
