import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** Fits begin at once and stop at the noise; a look one level ahead is enough so near the estimate. */
export function latentResamplePreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 20, balanced: 40, best: 100 }[preset];
  const levels = { ...latentLevels(preset, sigmaY, 1), steps };
  const iterations = { fast: 15, balanced: 20, best: 40 }[preset];
  return {
    ...levels,
    grid: "karras",
    zeta: per40Steps(3, levels),
    begin: 0,
    every: 4,
    ahead: 1,
    pixelIterations: 60,
    latentIterations: iterations,
    lastIterations: iterations,
    latentRate: 0.02,
    tolerance: "noise",
  };
}
