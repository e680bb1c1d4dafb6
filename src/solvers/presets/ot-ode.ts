import type { Preset } from "./preset.ts";

/** From the classical estimate at σ = 1.5, and with r² for data of the variance of pictures on [-1, 1]. */
export function otOdePreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const taken = { fast: 45, balanced: 200, best: 600 }[preset];
  const startTime = task === "denoise" ? Math.min(0.9, 1 / (1 + sigmaY)) : 0.4;
  return { steps: Math.round(taken / (1 - startTime)), startTime, from: "estimate", dataVariance: 0.25 };
}
