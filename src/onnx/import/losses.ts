import { constant, gatherElements, logSoftmax, type Tensor, where } from "../../tensor/index.ts";
import { gather } from "../../tensor/ops/index.ts";
import type { Family, OnnxNode } from "./node.ts";

/** Σ or mean of -weight[target]·logProbability[target] over [N, C, ...]; entries with the ignored label count nothing. */
function likelihood(node: OnnxNode, logProbability: Tensor): Tensor {
  const given = node.tensor(1);
  const ignored = node.attributes.int("ignore_index");
  const counts = ignored === undefined ? undefined : given.equal(ignored).not();
  const target = counts ? where(counts, given, 0) : given;
  const picked = gatherElements(logProbability, target.unsqueeze(1), 1).squeeze(1).neg();
  const weights = node.optional(2);
  let factor = weights ? gather(weights, target, 0) : undefined;
  if (counts) factor = where(counts, factor ?? constant(1, [], picked.dtype), 0);
  const losses = factor ? picked.mul(factor) : picked;
  switch (node.attributes.string("reduction", "mean")) {
    case "none":
      return losses;
    case "sum":
      return losses.sum();
    default:
      return factor ? losses.sum().div(factor.expand(losses.shape).sum()) : losses.mean();
  }
}

export const losses: Family = {
  NegativeLogLikelihoodLoss: (node) => likelihood(node, node.tensor(0)),
  SoftmaxCrossEntropyLoss: (node) => {
    const logProbability = logSoftmax(node.tensor(0), 1);
    return [likelihood(node, logProbability), logProbability];
  },
};
