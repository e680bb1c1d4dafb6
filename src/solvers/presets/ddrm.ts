import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/**
 * The published 20 steps, from near the classical estimate. η falls short of 1 by as much in a longer run as in a short one:
 * directions measured with more noise than the level's are pulled to their measurement at each step, by √(1−η²).
 */
export function ddrmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return denoisingLevels(sigmaY);
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 20 : { fast: 20, balanced: 60, best: 200 }[preset];
  return spectralPreset(task, steps, sigmaY);
}

/** What DDRM and DDNM+ share: the same step in every direction. */
export function spectralPreset(task: string, steps: number, sigmaY: number): Record<string, unknown> {
  const inpaint = task === "inpaint";
  const eta = inpaint ? 1 : Math.sqrt(1 - (10 / steps) ** 2);
  const [sigmaMax, end] = { inpaint: [0.5, 0.02], blur: [0.3, 0.05], "super-resolution": [0.5, 0.05] }[task] ?? [
    1, 0.05,
  ];
  return { steps, eta, ...warmLevels(sigmaMax, end, sigmaY) };
}
