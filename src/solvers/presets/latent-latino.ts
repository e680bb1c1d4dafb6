import type { Preset } from "./preset.ts";

/** With a denoiser the Bayesian weight does better than the published ones, and a start near the estimate better than a high one. */
export function latentLatinoPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 6, balanced: 12, best: 24 }[preset];
  return { weight: "bayes", steps, sigmaMax: Math.max(task === "super-resolution" ? 1 : 0.5, sigmaY) };
}
