import { constant } from "./ops/source.ts";
import { standardize } from "./ops/standardize.ts";
import { normalizeAxis, sameShape, shapeError, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface NormOptions {
  /** Factor after normalisation. */
  readonly scale?: Tensor;
  /** Added last. */
  readonly bias?: Tensor;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
}

/**
 * Group normalisation (Wu & He, arXiv 1803.08494) of x [N, C, ...]: channels in `groups` groups are brought to zero
 * mean and unit variance; `scale` and `bias` are [C].
 */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || x.shape[1] % groups !== 0)
    throw shapeError("groupNorm", `[N, C, ...] with C divisible by ${groups}`, show(x.shape));
  return grouped("groupNorm", x, groups, options);
}

/** Instance normalisation (Ulyanov et al., arXiv 1607.08022): each channel of each sample on its own. */
export function instanceNorm(x: Tensor, options: NormOptions = {}): Tensor {
  if (x.rank < 3) throw shapeError("instanceNorm", "[N, C, ...] with at least one more axis", show(x.shape));
  return grouped("instanceNorm", x, x.shape[1], options);
}

function grouped(name: string, x: Tensor, groups: number, { scale, bias, eps = 1e-5 }: NormOptions): Tensor {
  const [n, c, ...space] = x.shape;
  for (const t of [scale, bias])
    if (t && !sameShape(t.shape, [c])) throw shapeError(name, `a scale and bias of ${c} values`, show(t.shape));
  const channels = (t: Tensor | undefined, fallback: number) =>
    t?.reshape(1, groups, c / groups, 1) ?? constant(fallback, [1, 1, 1, 1], x.dtype);
  const view = x.reshape(n, groups, c / groups, sizeOf(space));
  return standardize(view, channels(scale, 1), channels(bias, 0), eps).reshape(x.shape);
}

/**
 * Layer normalisation (Ba et al., arXiv 1607.06450) over the axes from `axis` to the last; `scale` and `bias`
 * broadcast to x.
 */
export function layerNorm(
  x: Tensor,
  { scale, bias, eps = 1e-5, axis = -1 }: NormOptions & { axis?: number } = {},
): Tensor {
  const first = normalizeAxis("layerNorm", axis, x.rank);
  const [one, zero] = [1, 0].map((v) => constant(v, [1, 1, 1, 1], x.dtype));
  const view = x.reshape(sizeOf(x.shape.slice(0, first)), 1, 1, sizeOf(x.shape.slice(first)));
  return affine("layerNorm", standardize(view, one, zero, eps).reshape(x.shape), scale, bias);
}

/** Root-mean-square normalisation (Zhang & Sennrich, arXiv 1910.07467) over the axes from `axis` to the last. */
export function rmsNorm(
  x: Tensor,
  { scale, bias, eps = 1e-5, axis = -1 }: NormOptions & { axis?: number } = {},
): Tensor {
  const first = normalizeAxis("rmsNorm", axis, x.rank);
  const axes = x.shape.map((_, i) => i).slice(first);
  return affine("rmsNorm", x.mul(x.square().mean(axes, true).add(eps).sqrt().reciprocal()), scale, bias);
}

function affine(name: string, x: Tensor, scale: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = scale ? x.mul(scale) : x;
  const y = bias ? scaled.add(bias) : scaled;
  if (!sameShape(y.shape, x.shape))
    throw shapeError(name, `scale and bias that broadcast to ${show(x.shape)}`, show(y.shape));
  return y;
}
