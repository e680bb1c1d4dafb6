import { constant, type Tensor } from "../tensor/index.ts";
import { checkShape, type Operator } from "./operator.ts";

/**
 * A real picture as a complex one: (mean of the channels, 0), real and imaginary part as two channels. It stands between
 * a prior for pictures and an operator on complex ones. A†y is the real part, in every channel.
 */
export function complexPicture(_options: Record<string, never>, domain: readonly number[]): Operator {
  const [, channels, height, width] = domain;
  const range = [1, 2, height, width];
  const weights = (values: readonly number[], shape: readonly number[]) =>
    constant(Float64Array.from(values), [...shape, 1, 1], "float32");
  const forward = weights([...Array(channels).fill(1 / channels), ...Array(channels).fill(0)], [2, channels]);
  const back = weights(
    Array.from({ length: 2 * channels }, (_, i) => 1 - (i % 2)),
    [channels, 2],
  );
  return {
    name: "complex",
    domain: [1, channels, height, width],
    range,
    linear: true,
    normSquared: 1 / channels,
    // The imaginary part is always 0.
    observed: constant(Float64Array.of(1, 0), [1, 2, 1, 1], "float32"),
    exactPseudoInverse: true,
    apply(x) {
      checkShape("complex", domain, x);
      return x.conv(forward);
    },
    pseudoInverse(y: Tensor) {
      checkShape("pseudo-inverse of complex", range, y);
      return y.conv(back);
    },
    estimate: (y) => {
      const area = height * width;
      return Float64Array.from({ length: channels * area }, (_, i) => y[i % area]);
    },
    toJSON: () => ({ name: "complex" }),
  };
}
