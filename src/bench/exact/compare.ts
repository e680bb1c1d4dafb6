import { exactCovariance, exactMean, type Mixture } from "../../priors/exact.ts";
import { normals } from "../../random/index.ts";
import { highestMode } from "./map.ts";
import type { Points } from "./sampling.ts";

/** How a cloud of results stands to the exact posterior. Lengths are in units of the posterior's own spread. */
export interface Comparison {
  /** ‖mean − E[x|y]‖ / √tr P, P the posterior covariance; free of the error of a finite cloud, see {@link compare}. */
  readonly meanError: number;
  /** ‖covariance − P‖_F / ‖P‖_F, likewise. */
  readonly covarianceError: number;
  /** Sliced Wasserstein-2 distance to exact posterior samples, in units of √(tr P/n). */
  readonly slicedWasserstein: number;
  /** √(mean ‖x − MAP‖² / tr P): 0 for a solver that finds the highest mode, 1 for exact samples of a Gaussian. */
  readonly mapError: number;
  /** Posterior mass inside the cloud's central 90% interval, averaged over the coordinates; 0.9 is right. */
  readonly coverage: number;
}

/** What is compared with: everything about a posterior that costs time, computed once. */
export interface Reference {
  readonly mean: readonly number[];
  readonly covariance: readonly (readonly number[])[];
  readonly map: readonly number[];
  readonly samples: Points;
  /** Random unit vectors, one after the other. */
  readonly directions: Float64Array;
}

/** Central intervals of this probability are checked. */
export const credibility = 0.9;

export function referenceFor(posterior: Mixture, samples: Points, directions = 64): Reference {
  const n = samples.dimension;
  const slices = new Float64Array(directions * n);
  for (let d = 0; d < directions; d++) {
    const draw = normals({ seed: 7, sample: d, purpose: "direction" }, n);
    const length = Math.sqrt(draw.reduce((sum, v) => sum + v * v, 0));
    slices.set(
      draw.map((v) => v / length),
      d * n,
    );
  }
  return {
    mean: exactMean(posterior),
    covariance: exactCovariance(posterior),
    map: highestMode(posterior),
    samples,
    directions: slices,
  };
}

/**
 * Compares a cloud with a posterior. Mean and covariance are estimated on two halves of the cloud, and the square of an error is
 * the inner product of the two halves' errors: without bias, so that exact samples score about 0 rather than what a cloud
 * of their number cannot help.
 */
export function compare(cloud: Points, reference: Reference): Comparison {
  const { mean, covariance, map } = reference;
  const n = cloud.dimension;
  const trace = covariance.reduce((sum, row, i) => sum + row[i], 0);
  const [even, odd] = [0, 1].map((parity) => moments(cloud, parity));
  const meanSquare = inner(even.mean, odd.mean, mean);
  const flatP = covariance.flat();
  const covarianceSquare = inner(even.covariance, odd.covariance, flatP);
  const norm = Math.sqrt(flatP.reduce((sum, v) => sum + v * v, 0));
  let toMap = 0;
  for (let i = 0; i < cloud.count; i++)
    for (let j = 0; j < n; j++) toMap += (cloud.data[i * n + j] - map[j]) ** 2 / cloud.count;
  return {
    meanError: Math.sqrt(Math.max(0, meanSquare) / trace),
    covarianceError: Math.sqrt(Math.max(0, covarianceSquare)) / norm,
    slicedWasserstein: slicedWasserstein(cloud, reference.samples, reference.directions) / Math.sqrt(trace / n),
    mapError: Math.sqrt(toMap / trace),
    coverage: coverage(cloud, reference.samples),
  };
}

/** Σ (a − c)(b − c) */
function inner(a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < c.length; i++) sum += (a[i] - c[i]) * (b[i] - c[i]);
  return sum;
}

/** Mean and (unbiased) covariance of every second point. */
export function moments({ count, dimension: n, data }: Points, parity?: number) {
  const mean = new Float64Array(n);
  const covariance = new Float64Array(n * n);
  const [first, step] = parity === undefined ? [0, 1] : [parity, 2];
  let used = 0;
  for (let i = first; i < count; i += step, used++) for (let j = 0; j < n; j++) mean[j] += data[i * n + j];
  for (let j = 0; j < n; j++) mean[j] /= used;
  const centred = new Float64Array(n);
  for (let i = first; i < count; i += step) {
    for (let j = 0; j < n; j++) centred[j] = data[i * n + j] - mean[j];
    for (let j = 0; j < n; j++) {
      const a = centred[j];
      for (let k = 0; k <= j; k++) covariance[j * n + k] += a * centred[k];
    }
  }
  for (let j = 0; j < n; j++)
    for (let k = 0; k <= j; k++) covariance[k * n + j] = covariance[j * n + k] /= Math.max(1, used - 1);
  return { mean, covariance };
}

/** √ of the mean over directions of W₂² between the projections of two clouds (of any sizes). */
export function slicedWasserstein(a: Points, b: Points, directions: Float64Array): number {
  const n = a.dimension;
  const slices = directions.length / n;
  let sum = 0;
  for (let d = 0; d < slices; d++) {
    const direction = directions.subarray(d * n, (d + 1) * n);
    sum += squaredDistance(project(a, direction), project(b, direction));
  }
  return Math.sqrt(sum / slices);
}

/** Sorted inner products with a direction. */
function project({ count, dimension: n, data }: Points, direction: Float64Array): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) for (let j = 0; j < n; j++) out[i] += data[i * n + j] * direction[j];
  return out.sort();
}

/** W₂² of two sorted samples on the line: ∫ (F⁻¹ − G⁻¹)². */
function squaredDistance(a: Float64Array, b: Float64Array): number {
  let [i, j, from, sum] = [0, 0, 0, 0];
  while (i < a.length && j < b.length) {
    const to = Math.min((i + 1) / a.length, (j + 1) / b.length);
    sum += (to - from) * (a[i] - b[j]) ** 2;
    const both = (i + 1) * b.length - (j + 1) * a.length;
    if (both <= 0) i++;
    if (both >= 0) j++;
    from = to;
  }
  return sum;
}

/** Mass of `exact` between the outer quantiles of `cloud`, averaged over coordinates. */
function coverage(cloud: Points, exact: Points): number {
  const n = cloud.dimension;
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const own = Float64Array.from({ length: cloud.count }, (_, i) => cloud.data[i * n + j]).sort();
    const [low, high] = [quantile(own, (1 - credibility) / 2), quantile(own, (1 + credibility) / 2)];
    let inside = 0;
    for (let i = 0; i < exact.count; i++) {
      const v = exact.data[i * n + j];
      if (v >= low && v <= high) inside++;
    }
    sum += inside / exact.count;
  }
  return sum / n;
}

/** Linear between the order statistics, of which the k-th (from 0) estimates the quantile (k + ½)/N. */
function quantile(sorted: Float64Array, p: number): number {
  const at = Math.min(sorted.length - 1, Math.max(0, p * sorted.length - 0.5));
  const k = Math.floor(at);
  return k + 1 < sorted.length ? sorted[k] + (at - k) * (sorted[k + 1] - sorted[k]) : sorted[k];
}
