import type { Preset } from "./preset.ts";

/**
 * From noise of the level `top` around the encoded classical estimate to a level below which nothing changes but the finest grain.
 * Latents have unit variance: from 1 much is drawn anew, from 0.4 the estimate is kept but for its errors.
 */
export function latentLevels(preset: Preset, sigmaY: number, top: number) {
  const steps = { fast: 40, balanced: 100, best: 300 }[preset];
  return { steps, warm: true, anySize: true, sigmaMax: Math.max(top, sigmaY), sigmaMin: Math.max(0.05, 0.25 * sigmaY) };
}

/** What was found with 40 steps, for others: guidance adds up over them. */
export const per40Steps = (weight: number, { steps }: { readonly steps: number }) => (weight * 40) / steps;
