import { uniforms } from "../random/index.ts";
import { constant, parameter, type Tensor } from "../tensor/index.ts";
import { matrixConstant, onBothAxes, transposed } from "./dense.ts";
import { checkShape, type Operator } from "./operator.ts";
import { walshHadamard } from "./orthogonal.ts";
import { memo } from "./separable.ts";

export interface CompressedSensingOptions {
  /** Measurements per pixel and channel, above 0 and at most 1. */
  readonly ratio: number;
  /** Names the coefficients that are kept. */
  readonly seed: number;
  /** Is the first coefficient, the picture's mean, among them in any case? By default it is as likely as any other. */
  readonly mean?: boolean | undefined;
}

/**
 * Compressed sensing (DDRM, DDNM): y = the first m of the Walsh–Hadamard coefficients of each channel in a random order,
 * m = round(ratio·H·W). The transform is orthonormal, so that all singular values are 1 and A† = Aᵀ.
 *
 *   T      along both axes, T_H X T_Wᵀ: for powers of two that is the transform of the flattened picture; other sides get a
 *          cosine transform for their odd part (see {@link walshHadamard}), so that any size is measured exactly
 *   y      [1, C, 1, m]
 */
export function compressedSensing(options: CompressedSensingOptions, domain: readonly number[]): Operator {
  const { ratio, seed, mean = false } = options;
  const [, channels, height, width] = domain;
  const size = height * width;
  const kept = measurements(ratio, size);
  const order = randomOrder(size, seed, mean);
  const range = [1, channels, 1, kept];
  const [rows, columns] = [walshHadamard(height), walshHadamard(width)];
  const matrices = memo(() => ({
    left: matrixConstant(rows),
    leftBack: matrixConstant(transposed(rows)),
    right: matrixConstant(transposed(columns)),
    rightBack: matrixConstant(columns),
  }));
  const positions = new Int32Array(size);
  order.forEach((k, i) => {
    positions[k] = i;
  });
  const [all, first] = [size, kept].map((n) => parameter(order.slice(0, n)));
  const inverse = parameter(positions);
  // Spectral coordinates are laid out as a picture.
  const asPicture = (z: Tensor) => z.reshape(z.shape[0], channels, height, width);
  const asLine = (z: Tensor) => z.reshape(z.shape[0], channels, 1, size);
  const coefficients = (x: Tensor) => {
    const { left, right } = matrices();
    return asLine(onBothAxes(x, left, right));
  };
  const picture = (z: Tensor) => {
    const { leftBack, rightBack } = matrices();
    return onBothAxes(asPicture(asLine(z).gather(inverse, 3)), leftBack, rightBack);
  };
  const fill = (y: Tensor) =>
    asPicture(
      y.pad([
        [0, 0],
        [0, 0],
        [0, 0],
        [0, size - kept],
      ]),
    );
  return {
    name: "compressed-sensing",
    domain: [1, ...domain.slice(1)],
    range,
    linear: true,
    normSquared: 1,
    exactPseudoInverse: true,
    apply(x) {
      checkShape("compressed-sensing", domain, x);
      return coefficients(x).gather(first, 3);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of compressed-sensing", range, y);
      return picture(fill(y));
    },
    solveGram: (y, lambda) => y.div(lambda.add(1)),
    svd: {
      vt: (x) => asPicture(coefficients(x).gather(all, 3)),
      v: picture,
      ut: fill,
      u: (z) => asLine(z).narrow(3, 0, kept),
      singularValues: constant(
        Float64Array.from({ length: size }, (_, i) => (i < kept ? 1 : 0)),
        [1, 1, height, width],
        "float32",
      ),
    },
    toJSON: () => ({ name: "compressed-sensing", ratio, seed, mean }),
  };
}

/** How many of n coefficients are measured. */
export function measurements(ratio: number, n: number): number {
  return Math.max(1, Math.round(ratio * n));
}

/** The numbers below n in random order, 0 perhaps first. */
function randomOrder(n: number, seed: number, mean: boolean): Int32Array {
  const draws = uniforms({ seed, purpose: "compressed sensing" }, n);
  if (mean) draws[0] = 0;
  return Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => draws[a] - draws[b] || a - b);
}
