import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** Every fourth level the picture is made to fit, as far as the noise in the data allows. */
export function latentP2lPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY);
  return { ...levels, grid: "karras", every: 4, lambda: "bayes", zeta: per40Steps(1.2, levels) };
}
