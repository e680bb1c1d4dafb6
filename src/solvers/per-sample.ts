import type { Tensor } from "../tensor/index.ts";

const inner = (x: Tensor) => x.shape.map((_, i) => i).slice(1);

/** Σ over everything but the sample axis, [N, 1, …]: reductions never mix samples. */
export function sumPerSample(x: Tensor): Tensor {
  return x.sum(inner(x), true);
}

/** Number of elements of one sample. */
export function elementsPerSample(x: Tensor): number {
  return x.size / x.shape[0];
}

/** √(m/m₀) for m₀ = 3·256² entries, for which step sizes are published: the norm of a residual grows like √m. */
export function publishedScale(x: Tensor): number {
  return Math.sqrt(elementsPerSample(x) / (3 * 256 ** 2));
}

/** Mean over one sample, summed over samples: the loss whose gradient does not depend on the batch. */
export function meanPerSample(x: Tensor): Tensor {
  return x.sum().mul(1 / elementsPerSample(x));
}

/** ‖x‖₂ of each sample, [N, 1, …]; the derivative at zero is taken as zero. */
export function normPerSample(x: Tensor): Tensor {
  const squares = sumPerSample(x.square());
  const zero = squares.equal(0); // not `squares > 0`: NaN must stay NaN
  return zero.where(0, zero.where(1, squares).sqrt());
}
