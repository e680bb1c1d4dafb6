import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";

/** A start near the classical estimate, fresh noise at each level, an end above the finest ones. */
export function exactCovariancePreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), cgSteps: 1, sigmaFloor: 10 };
  const steps = { fast: 20, balanced: 100, best: 300 }[preset];
  const sigmaMin = Math.max(task === "inpaint" ? 0.05 : 0.1, 0.5 * sigmaY);
  return { warm: true, steps, cgSteps: 3, reverse: "renoise", sigmaMax: 0.3, sigmaMin };
}
