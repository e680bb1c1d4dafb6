import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** ζ is large, because `anySize` divides it by the squared slope of the decoder's steepest direction. */
export function latentDpsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.4);
  const zeta = { "super-resolution": 20, blur: 30 }[task] ?? 60;
  return { ...levels, zeta: per40Steps(zeta, levels) };
}
