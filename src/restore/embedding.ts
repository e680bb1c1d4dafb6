import { TweedieError } from "../errors.ts";
import { composition, createOperator, type Operator, type OperatorSpec } from "../operators/index.ts";
import type { Shape } from "../tensor/index.ts";

/**
 * An operator for the pictures of a prior.
 * - `same`: the operator takes them as they are.
 * - `repeated`: the operator acts on each channel alone, so that a grey measurement counts as one of three equal channels.
 * - `embedded`: what the operator takes is made from them: their grey, or a complex picture whose imaginary part is 0.
 */
export interface Embedded {
  readonly operator: Operator;
  readonly how: "same" | "repeated" | "embedded";
}

/**
 * @param domain the shape [1, C, H, W] of the x behind the measurement
 * @param channels of the prior
 * @throws TweedieError `invalid-model` when a grey prior is to restore colour
 */
export function embed(spec: OperatorSpec, domain: Shape, channels: number): Embedded {
  const [, own, height, width] = domain;
  const pictures = [1, channels, height, width];
  if (own === channels) return { operator: createOperator(spec, { domain }), how: "same" };
  if (own === 3 || channels === 2)
    throw new TweedieError("invalid-model", {
      what: "model",
      expected: `a prior for pictures of ${own} channels`,
      got: `one for ${channels}`,
    });
  const operator = createOperator(spec, { domain });
  if (own === 1) {
    const threefold = attempt(spec, pictures);
    const [, planes, h, w] = operator.range;
    if (threefold && String(threefold.range) === String([1, channels * planes, h, w]))
      return { operator: threefold, how: "repeated" };
  }
  const first = createOperator({ name: own === 1 ? "colorize" : "complex" }, { domain: pictures });
  return { operator: composition([first, operator]), how: "embedded" };
}

/** Undefined where the operator does not take pictures of that shape. */
function attempt(spec: OperatorSpec, domain: Shape): Operator | undefined {
  try {
    return createOperator(spec, { domain });
  } catch (error) {
    if (error instanceof TweedieError) return undefined;
    throw error;
  }
}
