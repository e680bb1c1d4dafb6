import { groupNorm, instanceNorm, layerNorm, rmsNorm, type Tensor } from "../../tensor/index.ts";
import { noteInstanceNorm } from "./group-norm.ts";
import type { Family, OnnxNode } from "./node.ts";

/** A list with one entry per channel, ready to broadcast over [N, C, ...]. */
const perChannel = (list: Tensor, x: Tensor) => list.reshape([list.size, ...x.shape.slice(2).map(() => 1)]);

/** Mean and variance over axes, centred first: flat sums of squares lose digits in float32. */
function moments(x: Tensor, axes: readonly number[]): { mean: Tensor; centred: Tensor; variance: Tensor } {
  const mean = x.mean(axes, true);
  const centred = x.sub(mean);
  return { mean, centred, variance: centred.square().mean(axes, true) };
}

function batchNorm(node: OnnxNode): Tensor[] {
  const [x, scale, bias] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const epsilon = node.attributes.float("epsilon", 1e-5);
  const [givenMean, givenVariance] = [node.tensor(3), node.tensor(4)];
  if (node.version < 14 || !node.attributes.flag("training_mode")) {
    const factor = scale.div(givenVariance.add(epsilon).sqrt()); // small: worked out at import
    const shift = bias.sub(givenMean.mul(factor));
    return [x.mul(perChannel(factor, x)).add(perChannel(shift, x))];
  }
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const { mean, centred, variance } = moments(x, axes);
  const y = centred.div(variance.add(epsilon).sqrt()).mul(perChannel(scale, x)).add(perChannel(bias, x));
  const momentum = node.attributes.float("momentum", 0.9);
  const running = (old: Tensor, now: Tensor) => old.mul(momentum).add(now.flatten().mul(1 - momentum));
  return [y, running(givenMean, mean), running(givenVariance, variance)];
}

/** Scale and bias are per group in the first version (opset 18), per channel since 21. */
function groupNormalization(node: OnnxNode): Tensor {
  const [x, scale, bias] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const groups = node.attributes.int("num_groups", 1);
  const channels = x.shape[1];
  const each = (list: Tensor) =>
    node.version < 21 && list.size === groups
      ? list
          .unsqueeze(1)
          .expand([groups, channels / groups])
          .flatten()
      : list;
  return groupNorm(x, groups, { scale: each(scale), bias: each(bias), eps: epsilonOf(node) });
}

const epsilonOf = (node: OnnxNode) => node.attributes.float("epsilon", 1e-5);

function layerNormalization(node: OnnxNode): Tensor[] {
  const [x, scale, bias] = [node.tensor(0), node.tensor(1), node.optional(2)];
  const axis = node.attributes.int("axis", -1);
  const eps = epsilonOf(node);
  const y = layerNorm(x, { scale, bias, eps, axis });
  if (!node.wants(1) && !node.wants(2)) return [y];
  const start = axis < 0 ? axis + x.rank : axis;
  const axes = x.shape.flatMap((_, i) => (i >= start ? [i] : []));
  const { mean, variance } = moments(x, axes);
  return [y, mean, variance.add(eps).sqrt().reciprocal()];
}

/** x / (bias + alpha/size·Σ x²)^beta, the sum over neighbouring channels (Krizhevsky et al. 2012). */
function localResponse(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const size = node.attributes.int("size", 1);
  const [alpha, beta, bias] = [
    node.attributes.float("alpha", 1e-4),
    node.attributes.float("beta", 0.75),
    node.attributes.float("bias", 1),
  ];
  const [n, channels] = x.shape;
  const squares = x.square().reshape([n, 1, channels, -1]);
  const before = Math.floor((size - 1) / 2);
  const padded = squares.pad([
    [0, 0],
    [0, 0],
    [before, size - 1 - before],
    [0, 0],
  ]);
  const mean = padded.averagePool({ kernel: [size, 1], stride: 1 }).reshape(x.shape);
  return x.div(mean.mul(alpha).add(bias).pow(beta));
}

function meanVariance(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const { centred, variance } = moments(x, node.attributes.ints("axes") ?? [0, 2, 3]);
  return centred.div(variance.sqrt().add(1e-9));
}

function lpNorm(node: OnnxNode): Tensor {
  const x = node.tensor(0);
  const axis = node.attributes.int("axis", -1);
  const norm = node.attributes.int("p", 2) === 1 ? x.abs().sum(axis, true) : x.square().sum(axis, true).sqrt();
  return norm.equal(0).where(0, x.div(norm));
}

export const normalizations: Family = {
  BatchNormalization: batchNorm,
  GroupNormalization: groupNormalization,
  InstanceNormalization: (node) => {
    const [x, scale, bias] = [node.tensor(0), node.tensor(1), node.tensor(2)];
    const eps = epsilonOf(node);
    return noteInstanceNorm(instanceNorm(x, { scale, bias, eps }), x, scale, bias, eps);
  },
  LRN: localResponse,
  LayerNormalization: layerNormalization,
  LpNormalization: lpNorm,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: (node) =>
    rmsNorm(node.tensor(0), {
      scale: node.tensor(1),
      eps: epsilonOf(node),
      axis: node.attributes.int("axis", -1),
    }),
};
