import * as z from "zod";
import { TweedieError } from "../errors.ts";
import { normals, uniforms } from "../random/index.ts";
import { poisson } from "../random/poisson.ts";

/** How a measurement was disturbed, on the 0..1 scale of pictures (black 0, white 1). */
export const noiseSchema = z.discriminatedUnion("kind", [
  /** Normal with this standard deviation. */
  z.strictObject({ kind: z.literal("gaussian"), sigma: z.number().min(0).max(1) }),
  /** Photons: Poisson(255·rate·u)/(255·rate) for a value u (DPS, arXiv 2209.14687); a higher rate is less noise. */
  z.strictObject({ kind: z.literal("poisson"), rate: z.number().positive().max(1e6) }),
  /** This fraction of the values is black or white instead, evenly. */
  z.strictObject({ kind: z.literal("salt-pepper"), fraction: z.number().min(0).max(1) }),
]);

export type NoiseModel = z.output<typeof noiseSchema>;

/**
 * A measurement on the [-1, 1] scale with noise, from the stream of a seed. Poisson and salt-and-pepper noise speak of
 * pictures: values are clipped to [-1, 1] before and, for Poisson, after.
 * @param observed entries that are 0 carry no data and get no noise
 */
export function disturb(
  y: ArrayLike<number>,
  noise: NoiseModel,
  seed: number,
  observed?: ArrayLike<number>,
): Float32Array {
  const out = Float32Array.from(y);
  const apply = (change: (value: number, i: number) => number) => {
    for (let i = 0; i < out.length; i++) if (!observed || observed[i]) out[i] = change(out[i], i);
  };
  switch (noise.kind) {
    case "gaussian": {
      if (noise.sigma === 0) return out;
      const draws = normals({ seed, purpose: "measurement" }, out.length);
      apply((v, i) => v + 2 * noise.sigma * draws[i]);
      return out;
    }
    case "poisson": {
      const scale = 255 * noise.rate;
      const light = out.map((v) => scale * Math.min(1, Math.max(0, (v + 1) / 2)));
      const counts = poisson({ seed, purpose: "measurement photons" }, light);
      apply((_, i) => Math.min(1, (2 * counts[i]) / scale - 1));
      return out;
    }
    case "salt-pepper": {
      const draws = uniforms({ seed, purpose: "measurement outliers" }, out.length);
      const { fraction } = noise;
      apply((v, i) => (draws[i] >= fraction ? v : draws[i] < fraction / 2 ? -1 : 1));
      return out;
    }
  }
}

/**
 * The standard deviation, on the 0..1 scale, of Gaussian noise as strong as the noise of a measurement: for Poisson noise
 * √(mean u / (255·rate)), the mean taken over the measurement's values u (on the 0..1 scale).
 */
export function equivalentSigma(noise: NoiseModel, y: ArrayLike<number>): number {
  if (noise.kind === "gaussian") return noise.sigma;
  if (noise.kind === "salt-pepper") return 0;
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += Math.min(1, Math.max(0, (y[i] + 1) / 2));
  return Math.sqrt(sum / Math.max(1, y.length) / (255 * noise.rate));
}

/** Checks a noise model from outside. A number is a Gaussian's standard deviation. @throws TweedieError `invalid-option` */
export function parseNoiseModel(noise: unknown): NoiseModel {
  if (typeof noise === "number" && noise >= 0 && noise <= 1) return { kind: "gaussian", sigma: noise };
  const parsed = noiseSchema.safeParse(noise);
  if (parsed.success) return parsed.data;
  throw new TweedieError("invalid-option", {
    what: "noise",
    expected:
      "a standard deviation from 0 to 1 (the picture's black is 0, its white 1), or the kind gaussian, poisson or salt-pepper with its strength",
    got: typeof noise === "number" ? String(noise) : (JSON.stringify(noise) ?? "nothing"),
  });
}
