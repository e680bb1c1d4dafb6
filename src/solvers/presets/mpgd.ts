import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/** The step that explains what is left and no more: with it, ζ has not to be tuned. */
export function mpgdPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const common = { bounded: true, zeta: 1e4 };
  if (task === "denoise") return { ...denoisingLevels(sigmaY), ...common };
  // A gradient step a level cannot undo a blur: all it can do is to stay near the deconvolution it starts from.
  if (task === "blur") return { ...common, steps: 20, reverse: "renoise", ...warmLevels(0.04, 0.02, sigmaY) };
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 20 : { fast: 100, balanced: 400, best: 1000 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02] }[task] ?? [0.3, 0.05];
  return { ...common, steps, reverse: "renoise", ...warmLevels(sigmaMax, end, sigmaY) };
}
