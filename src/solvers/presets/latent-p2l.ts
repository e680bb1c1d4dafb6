import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** λ = 1 as usual: what is made to fit further comes back from the encoder with the noise of the data in it. */
export function latentP2lPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 1);
  return { ...levels, grid: "karras", every: 4, lambda: 1, zeta: per40Steps(4, levels) };
}
