import { constant, type Tensor } from "../tensor/index.ts";
import { matrixConstant } from "./dense.ts";
import { checkShape, type Operator } from "./operator.ts";
import { smoothReconstruction } from "./radon-estimate.ts";
import { filteredGeometry, interpolation, type RadonFilter, radonFilterMatrix } from "./radon-filter.ts";
import { evenAngles, radonGeometry, radonMatrix, radonNormSquared, radonWeights } from "./radon-geometry.ts";
import { radonPair, raysToPixels } from "./radon-map.ts";
import { memo } from "./separable.ts";

export interface CtOptions {
  /** How many angles, evenly over half a turn; or the angles themselves, in degrees. */
  readonly angles: number | readonly number[];
  /**
   * As in scikit-image: false (the default) scans the whole picture on ⌈√2·max(H, W)⌉ rays, true its middle square on
   * min(H, W) rays, for pictures that are empty outside the inscribed circle.
   */
  readonly circle?: boolean;
  /**
   * Unit of length along a ray: the width of the detector (the default; values of y stay within those of x, so that noise
   * levels mean what they mean elsewhere), or a pixel, as in scikit-image.
   */
  readonly unit?: "detector" | "pixel";
  /** Filter of the pseudo-inverse; "ramp" by default. */
  readonly filter?: RadonFilter;
}

/**
 * Sparse-view computed tomography: parallel-beam line integrals, y [N, C, detectors, angles], each channel alone. The
 * numbers are those of `skimage.transform.radon`; what lies outside the picture counts as 0. The pseudo-inverse is
 * filtered back-projection, as `skimage.transform.iradon` computes it: exact only for many angles. The estimate is the
 * smoothest picture that explains the scan, which for few angles is several dB better.
 */
export function ct(options: CtOptions, domain: readonly number[]): Operator {
  const { circle = false, unit = "detector", filter = "ramp" } = options;
  const [, channels, height, width] = domain;
  const angles = typeof options.angles === "number" ? evenAngles(options.angles) : options.angles;
  const geometry = radonGeometry(height, width, angles, circle);
  const { detectors } = geometry;
  const scale = unit === "detector" ? 1 / detectors : 1;
  const shape = [1, channels, height, width];
  const range = [1, channels, detectors, angles.length];
  const weights = memo(() => radonWeights(geometry, scale));
  const pair = memo(() => radonPair(geometry, weights()));
  const matrix = memo(() => radonMatrix(geometry, weights()));
  const norm = memo(() => radonNormSquared(matrix(), height * width));
  const observed = memo(() => {
    const lengths = matrix().project(new Float64Array(height * width).fill(1));
    return constant(
      lengths.map((v) => (v > 0 ? 1 : 0)),
      [1, 1, detectors, angles.length],
      "float32",
    );
  });
  const backProjection = memo(() => {
    const filtered = filteredGeometry(geometry, circle);
    const radius = circle ? Math.floor(detectors / 2) : Number.POSITIVE_INFINITY;
    const { firstRay, weights } = interpolation(filtered, radius, 1 / scale);
    const ramp = matrixConstant(radonFilterMatrix(geometry, filtered, filter));
    const spread = raysToPixels(filtered, firstRay, weights, 2);
    return (y: Tensor) => spread(ramp.matmul(y));
  });
  return {
    name: "ct",
    domain: shape,
    range,
    linear: true,
    exactPseudoInverse: false,
    get normSquared() {
      return norm();
    },
    // Rays that miss the picture.
    get observed() {
      return observed();
    },
    apply(x) {
      checkShape("ct", shape, x);
      return pair().forward(x);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of ct", range, y);
      return backProjection()(y);
    },
    estimate: (y, sigma) => smoothReconstruction(matrix(), Float64Array.from(y), height, width, sigma),
    toJSON: () => ({ name: "ct", angles: options.angles, circle, unit, filter }),
  };
}

/** The square picture behind a scan of so many rays, where there is one; undefined otherwise. */
export function scannedSide(detectors: number, circle: boolean): number | undefined {
  if (circle) return detectors;
  const side = Math.floor(detectors / Math.SQRT2);
  return Math.ceil(Math.SQRT2 * side) === detectors ? side : undefined;
}
