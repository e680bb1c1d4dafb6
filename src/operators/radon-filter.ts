import { type Dense, dense } from "./dense.ts";
import type { RadonGeometry } from "./radon-geometry.ts";

/** Windows on the ramp filter of filtered back-projection, as in scikit-image: the later ones damp noise more. */
export const radonFilters = ["ramp", "shepp-logan", "cosine", "hamming", "hann"] as const;
export type RadonFilter = (typeof radonFilters)[number];

/**
 * The filter of filtered back-projection, as the Toeplitz matrix that the product of discrete Fourier transforms amounts to:
 * from the scan's rays to `geometry.detectors` of them, which stand about the same centre. As in scikit-image's `iradon`
 * the transforms' length is a power of two of at least 64 and twice that. The ramp is the transform of the band-limited
 * ramp's samples (Kak and Slaney, 1988, ch. 3, eq. 61), which keeps its mean right.
 */
export function radonFilterMatrix(scan: RadonGeometry, geometry: RadonGeometry, filter: RadonFilter): Dense {
  const size = Math.max(64, 2 ** Math.ceil(Math.log2(2 * geometry.detectors)));
  const kernel = filterKernel(size, filter);
  const shift = geometry.centre - scan.centre;
  return dense(geometry.detectors, scan.detectors, (i, j) => kernel[Math.abs(i - j - shift)]);
}

/**
 * The rays on which filtered projections are kept. A filtered projection does not end where the scan ends: `iradon` lets
 * the rays of a circle's scan go on to the corners of its square.
 */
export function filteredGeometry(scan: RadonGeometry, circle: boolean): RadonGeometry {
  if (!circle) return scan;
  const detectors = Math.ceil(Math.SQRT2 * scan.detectors);
  return { ...scan, detectors, centre: Math.floor(detectors / 2) };
}

function filterKernel(size: number, filter: RadonFilter): Float64Array {
  const ramp = Float64Array.from({ length: size }, (_, k) => {
    const d = Math.min(k, size - k);
    return d === 0 ? 0.5 : d % 2 === 1 ? -2 / (Math.PI * d) ** 2 : 0;
  });
  if (filter === "ramp") return ramp;
  // Both the filter and its window are real and even: cosine transforms.
  const response = cosineTransform(ramp).map((v, k) => v * filterWindow(k, size, filter));
  return cosineTransform(response).map((v) => v / size);
}

/** The window at frequency k of `size` (in FFT order). */
function filterWindow(k: number, size: number, filter: Exclude<RadonFilter, "ramp">): number {
  const shifted = (k + size / 2) % size;
  switch (filter) {
    case "shepp-logan": {
      const omega = (Math.PI * (k < size / 2 ? k : k - size)) / size;
      return k === 0 ? 1 : Math.sin(omega) / omega;
    }
    case "cosine":
      return Math.sin((Math.PI * shifted) / size);
    case "hamming":
      return 0.54 - 0.46 * Math.cos((2 * Math.PI * shifted) / (size - 1));
    case "hann":
      return 0.5 - 0.5 * Math.cos((2 * Math.PI * shifted) / (size - 1));
  }
}

function cosineTransform(x: Float64Array): Float64Array {
  const n = x.length;
  const cosines = Float64Array.from({ length: n }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  return x.map((_, k) => x.reduce((sum, v, j) => sum + v * cosines[(j * k) % n], 0));
}

/** The two rays between which each pixel lies at each angle, for linear interpolation: as {@link RadonWeights}, two taps. */
export interface Interpolation {
  readonly firstRay: Int32Array;
  readonly weights: Float32Array;
}

/**
 * Back-projection by linear interpolation, as in scikit-image's `iradon`: times π/(2·angles); what lies beyond the outermost
 * rays counts as 0, and so do the pixels farther than `radius` from the centre.
 */
export function interpolation(geometry: RadonGeometry, radius: number, scale: number): Interpolation {
  const { height, width, centreRow, centreColumn, detectors, centre, angles } = geometry;
  const firstRay = new Int32Array(height * width * angles.length);
  const weights = new Float32Array(2 * firstRay.length);
  const factor = (scale * Math.PI) / (2 * angles.length);
  angles.forEach((degrees, a) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const [u, v] = [j - centreColumn, i - centreRow];
        const t = cos * u - sin * v + centre;
        const at = (i * width + j) * angles.length + a;
        firstRay[at] = Math.floor(t);
        if (t < 0 || t > detectors - 1 || u * u + v * v > radius * radius) continue;
        const fraction = t - firstRay[at];
        weights[2 * at] = factor * (1 - fraction);
        weights[2 * at + 1] = factor * fraction;
      }
  });
  return { firstRay, weights };
}
