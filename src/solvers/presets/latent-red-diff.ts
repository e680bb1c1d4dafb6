import type { Preset } from "./preset.ts";

/** A fifth of the weight that the prior has on pictures: a decoder's output is near a picture by itself. */
export function latentRedDiffPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 60, balanced: 150, best: 500 }[preset];
  const growth = Math.max(1, Math.sqrt(sigmaY / 0.05));
  const sigmaMax = Math.max(0.5, sigmaY);
  return {
    steps,
    average: 0.2,
    lambda: 0.05 * growth,
    lr: 0.05,
    lrEnd: 0.1,
    sigmaMax,
    sigmaMin: Math.max(0.05, 0.25 * sigmaY),
  };
}
