import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** Four fits on the way: each brings the encoder's error with it. λ = 1 as usual; the rest is left to the guidance. */
export function latentP2lPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.5);
  return { ...levels, grid: "karras", every: levels.steps / 4, lambda: 1, zeta: per40Steps(12, levels) };
}
