import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/** The step that explains what is left and no more: with it, ζ has not to be tuned. */
export function mpgdPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const common = { bounded: true, zeta: 1e4 };
  if (task === "denoise") return { ...denoisingLevels(sigmaY), ...common };
  const steps = { fast: 100, balanced: 400, best: 1000 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02], blur: [0.1, 0.03] }[task] ?? [0.3, 0.05];
  return { ...common, steps, reverse: "renoise", ...warmLevels(sigmaMax, end, sigmaY) };
}
