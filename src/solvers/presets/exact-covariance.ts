import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/** A start near the classical estimate, fresh noise at each level, an end above the finest ones. */
export function exactCovariancePreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), cgSteps: 1, sigmaFloor: 10 };
  const steps = { fast: 20, balanced: 100, best: 300 }[preset];
  const common = { steps, cgSteps: 3, reverse: "renoise" };
  // Few conjugate gradients do not solve the badly conditioned system of a mask: a larger σ_y makes it easier.
  if (task === "inpaint") return { ...common, sigmaFloor: 0.1, ...warmLevels(0.3, 0.05, sigmaY) };
  return { ...common, ...warmLevels(0.3, 0.1, sigmaY) };
}
