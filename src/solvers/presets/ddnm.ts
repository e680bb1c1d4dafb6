import { spectralPreset } from "./ddrm.ts";
import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";

/** DDRM's choices with DDNM's number of steps, and the paper's formula where there is no SVD. */
export function ddnmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return denoisingLevels(sigmaY);
  const steps = { fast: 100, balanced: 400, best: 1000 }[preset];
  return { ...spectralPreset(task, steps, sigmaY), simple: "paper" };
}
