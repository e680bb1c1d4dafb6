import type { Op } from "../op.ts";
import { broadcastShapes, sameShape, shapeError, show } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { step } from "./unary.ts";

/** x for x > 0, alpha·x elsewhere; the derivative at 0 is alpha. */
export const leakyReluOp: Op<{ readonly alpha: number }> = {
  name: "leakyRelu",
  infer: ([x]) => x,
  evaluate: ([x], { alpha }) => x.data.map((v) => (v > 0 ? v : alpha * v)),
  onnx: (emit, [x], node) => emit.node("LeakyRelu", [x], { alpha: { f: (node.attrs as { alpha: number }).alpha } }),
  // Like ReLU's, the rule reads the output, so that ONNX Runtime can fuse the op into the convolution before it.
  vjp: ({ inputs: [x], attrs: { alpha }, output, gradient }) => [
    gradient.mul(
      step(alpha > 0 ? output : x)
        .mul(1 - alpha)
        .add(alpha),
    ),
  ],
};

/** x for x > 0, alpha·(eˣ - 1) elsewhere; the derivative at 0 is alpha (Clevert et al., arXiv 1511.07289). */
export const eluOp: Op<{ readonly alpha: number }> = {
  name: "elu",
  infer: ([x]) => x,
  evaluate: ([x], { alpha }) => x.data.map((v) => (v > 0 ? v : alpha * Math.expm1(v))),
  onnx: (emit, [x], node) => emit.node("Elu", [x], { alpha: { f: (node.attrs as { alpha: number }).alpha } }),
  // alpha·eˣ below 0 and alpha above it; below 0 it is the output plus alpha
  vjp: ({ inputs: [x], attrs: { alpha }, output, gradient }) => {
    const below = alpha > 0 ? output.clip(undefined, 0).add(alpha) : x.clip(undefined, 0).exp().mul(alpha);
    return [
      gradient.mul(
        alpha === 1
          ? below
          : step(x)
              .mul(1 - alpha)
              .add(below),
      ),
    ];
  },
};

export function leakyRelu(x: Tensor, alpha = 0.01): Tensor {
  return apply(leakyReluOp, [x], { alpha });
}

export function elu(x: Tensor, alpha = 1): Tensor {
  return apply(eluOp, [x], { alpha });
}

/** Scaled ELU with the constants of Klambauer et al. (arXiv 1706.02515). */
export function selu(x: Tensor, alpha = 1.6732632423543772, gamma = 1.0507009873554805): Tensor {
  return elu(x, alpha).mul(gamma);
}

/** max(0, x) + min(0, alpha·(exp(x/alpha) - 1)) (Barron, arXiv 1704.07483). */
export function celu(x: Tensor, alpha = 1): Tensor {
  return elu(x.div(alpha), 1).mul(alpha);
}

/** x for x > 0, slope·x elsewhere; `slope` broadcasts to x. The derivative at 0 is the slope. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  if (!sameShape(broadcastShapes("prelu", x.shape, slope.shape), x.shape))
    throw shapeError("prelu", `a slope that broadcasts to ${show(x.shape)}`, show(slope.shape));
  return x.greater(0).where(x, x.mul(slope));
}

/** x for x > alpha, else 0. */
export function thresholdedRelu(x: Tensor, alpha = 1): Tensor {
  return x.greater(alpha).where(x, 0);
}

/** alpha·x + beta limited to [0, 1]. */
export function hardSigmoid(x: Tensor, alpha = 0.2, beta = 0.5): Tensor {
  return x.mul(alpha).add(beta).clip(0, 1);
}

/** x·hardSigmoid(x, 1/6, 1/2) (Howard et al., arXiv 1905.02244). */
export function hardSwish(x: Tensor): Tensor {
  return x.mul(hardSigmoid(x, 1 / 6, 0.5));
}

/** x·tanh(softplus(x)) (Misra, arXiv 1908.08681). */
export function mish(x: Tensor): Tensor {
  return x.mul(x.softplus().tanh());
}

/** x/(1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return x.div(x.abs().add(1));
}

/** x - bias above lambda, x + bias below -lambda, 0 between (ONNX Shrink; soft thresholding where bias = lambda). */
export function shrink(x: Tensor, lambda = 0.5, bias = 0): Tensor {
  return x.greater(lambda).where(x.sub(bias), x.less(-lambda).where(x.add(bias), 0));
}
