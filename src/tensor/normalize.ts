import { moments, scaleShift } from "./ops/moments.ts";
import { normalizeAxis, sameShape, shapeError, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface NormOptions {
  /** Factor after normalisation. */
  readonly scale?: Tensor;
  /** Added last. */
  readonly bias?: Tensor;
  /** Added to the variance. */
  readonly eps?: number;
}

function checkChannels(name: string, x: Tensor, { scale, bias }: NormOptions): void {
  for (const t of [scale, bias])
    if (t && !sameShape(t.shape, [x.shape[1]]))
      throw shapeError(name, `a scale and bias of ${x.shape[1]} values`, show(t.shape));
}

/**
 * Group normalisation (Wu & He, arXiv 1803.08494) of x [N, C, ...]: channels in `groups` groups are brought to zero
 * mean and unit variance; `scale` and `bias` are [C]. The result is x·a + b with a and b per channel, so that forward
 * and derivative touch the large tensor as seldom as possible.
 */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || x.shape[1] % groups !== 0)
    throw shapeError("groupNorm", `[N, C, ...] with C divisible by ${groups}`, show(x.shape));
  checkChannels("groupNorm", x, options);
  const [n, c, ...space] = x.shape;
  const [mean, rstd] = moments(x.reshape([n * groups, c / groups, sizeOf(space)]), options.eps);
  const perGroup = [n, groups, 1];
  const channels = (t: Tensor | undefined) => t?.reshape([1, groups, c / groups]);
  const factor = rstd.reshape(perGroup);
  const scale = channels(options.scale)?.mul(factor) ?? factor.expand([n, groups, c / groups]);
  const centre = scale.mul(mean.reshape(perGroup));
  const shift = channels(options.bias)?.sub(centre) ?? centre.neg();
  const wide = [n, c, ...space.map(() => 1)];
  return scaleShift(x, scale.reshape(wide), shift.reshape(wide));
}

/** Instance normalisation (Ulyanov et al., arXiv 1607.08022): each channel of each sample on its own. */
export function instanceNorm(x: Tensor, options: NormOptions = {}): Tensor {
  if (x.rank < 3) throw shapeError("instanceNorm", "[N, C, ...] with at least one more axis", show(x.shape));
  checkChannels("instanceNorm", x, options);
  return groupNorm(x, x.shape[1], options);
}

/**
 * Layer normalisation (Ba et al., arXiv 1607.06450) over the axes from `axis` to the last; `scale` and `bias`
 * broadcast to x.
 */
export function layerNorm(x: Tensor, { scale, bias, eps, axis = -1 }: NormOptions & { axis?: number } = {}): Tensor {
  const first = normalizeAxis("layerNorm", axis, x.rank);
  const outer = x.shape.slice(0, first);
  const [mean, rstd] = moments(x.reshape([sizeOf(outer), sizeOf(x.shape.slice(first))]), eps);
  const rows = [...outer, ...x.shape.slice(first).map(() => 1)];
  const factor = rstd.reshape(rows);
  const y = scaleShift(x, factor, factor.mul(mean.reshape(rows)).neg());
  return affine("layerNorm", y, scale, bias);
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
