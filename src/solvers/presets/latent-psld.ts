import { latentLevels, per40Steps } from "./latent-levels.ts";
import type { Preset } from "./preset.ts";

/** Few levels, a start near the estimate and a larger ω; the same for GML-DPS. */
export function latentPsldPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.5);
  const omega = { "super-resolution": 8, blur: 4, inpaint: 6 }[task] ?? 10;
  return { ...levels, grid: "karras", omega: per40Steps(omega, levels), gamma: per40Steps(0.1, levels) };
}
