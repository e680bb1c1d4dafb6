/** Mean of a clipped noisy sample, increasing, and the share of the noise variance that clipping left, on a grid. */
export interface ClippedMoments {
  mean: Float64Array;
  share: Float64Array;
}

/**
 * Moments of clip(m + sigma z, 0, 1) for m from -4 sigma to 1 + 4 sigma, z standard normal (the rectified Gaussian;
 * Foi, "Clipped noisy images: heteroskedastic modeling and practical denoising", Signal Processing 2009, section 2).
 */
export function clippedMoments(sigma: number, steps = 512): ClippedMoments {
  const mean = new Float64Array(steps);
  const share = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    const m = -4 * sigma + ((1 + 8 * sigma) * i) / (steps - 1);
    const a = -m / sigma;
    const b = (1 - m) / sigma;
    const inside = cumulative(b) - cumulative(a);
    const above = cumulative(-b);
    const first = m * inside + sigma * (density(a) - density(b)) + above;
    const second =
      (m * m + sigma * sigma) * inside +
      2 * m * sigma * (density(a) - density(b)) +
      sigma * sigma * (a * density(a) - b * density(b)) +
      above;
    mean[i] = first;
    share[i] = Math.max(0, second - first * first) / (sigma * sigma);
  }
  return { mean, share };
}

/** The share of the variance left where the clipped samples have this mean. */
export function shareAt({ mean, share }: ClippedMoments, value: number): number {
  let low = 0;
  let high = mean.length - 1;
  if (value <= mean[low]) return share[low];
  if (value >= mean[high]) return share[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (mean[middle] <= value) low = middle;
    else high = middle;
  }
  const t = (value - mean[low]) / (mean[high] - mean[low]);
  return share[low] + t * (share[high] - share[low]);
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Normal distribution function by Abramowitz and Stegun 26.2.17: within 7.5e-8, far below what an estimate needs. */
function cumulative(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    density(z) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z > 0 ? 1 - tail : tail;
}
