import { normals } from "../random/index.ts";

/*
 * Grey pictures and a prior for colour. A grey measurement y = A(g) + n of noise sigma says as much about g as three
 * measurements of noise √3·sigma, one for each channel of the grey colour picture (g, g, g). So it is repeated in three
 * channels, and noise without grey part is added until the noise of the channels is independent, which is what the prior
 * was trained on: y_c = y + √3·sigma·(ε_c − mean ε). The mean of the channels, hence the data, stays as it was.
 */

/** How much larger the noise of each of three channels is than the noise of the grey picture they stand for. */
export const COLOUR_NOISE = Math.sqrt(3);

/** One plane as three, with independent noise of standard deviation √3·sigma in each. */
export function greyToColour(plane: Float32Array, sigma: number, seed: number): Float32Array {
  const n = plane.length;
  const out = new Float32Array(3 * n);
  for (let c = 0; c < 3; c++) out.set(plane, c * n);
  if (sigma === 0) return out;
  const noise = normals({ seed, purpose: "colour of grey" }, 3 * n);
  for (let i = 0; i < n; i++) {
    const mean = (noise[i] + noise[n + i] + noise[2 * n + i]) / 3;
    for (let c = 0; c < 3; c++) out[c * n + i] += COLOUR_NOISE * sigma * (noise[c * n + i] - mean);
  }
  return out;
}

/** The mean of three planes. */
export function colourToGrey(planes: Float32Array): Float32Array {
  const n = planes.length / 3;
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = (planes[i] + planes[n + i] + planes[2 * n + i]) / 3;
  return out;
}
