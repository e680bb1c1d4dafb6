import { checkShape, type Operator } from "./operator.ts";
import { clipped, type Rounding, rounded } from "./rounding.ts";

export interface QuantizationOptions {
  /** 1 to 16. */
  readonly bits: number;
  readonly rounding?: Rounding | undefined;
}

/**
 * Quantisation to b bits: u = (x + 1)/2 is clipped to [0, 1] and rounded to 2^b levels, y = 2 ⌊u (2^b − 1)⌉/(2^b − 1) − 1.
 * A†y = y: A A† A = A.
 */
export function quantization(
  { bits, rounding = "straight-through" }: QuantizationOptions,
  domain: readonly number[],
): Operator {
  const shape = [1, ...domain.slice(1)];
  const steps = 2 ** bits - 1;
  return {
    name: "quantize",
    domain: shape,
    range: shape,
    linear: false,
    normSquared: 1,
    exactPseudoInverse: rounding !== "smooth",
    surrogateGradient: rounding !== "smooth",
    apply(x) {
      checkShape("quantize", shape, x);
      const u = clipped(x.add(1).mul(0.5), 0, 1, rounding);
      return rounded(u.mul(steps), rounding)
        .mul(2 / steps)
        .sub(1);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of quantize", shape, y);
      return y;
    },
    estimate: (y) => Float64Array.from(y),
    toJSON: () => ({ name: "quantize", bits, rounding }),
  };
}
