import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/**
 * The likelihood score with the variance of pictures, fresh noise at each level, and a start near the classical estimate: the
 * published weight fits the noise of y, and DDIM's samples lie further from the mean.
 */
export function pigdmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), weight: 0 };
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 40 : { fast: 40, balanced: 180, best: 500 }[preset];
  const [sigmaMax, end] = {
    inpaint: [1, 0.02],
    blur: [0.3, 0.1],
    "super-resolution": [0.3, 0.1],
    colorize: [0.1, 0.05], // further up it takes up colours of its own
  }[task] ?? [1, 0.05];
  const common = { steps, guidance: "score", dataVariance: 0.5, reverse: "renoise" };
  return { ...common, ...warmLevels(sigmaMax, end, sigmaY) };
}
