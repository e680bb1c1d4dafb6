import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/** What is measured is set only above its own noise, and guided by little more; a tenth of the published weight. */
export function mcgPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), weight: 0, noiseAware: true };
  const steps = { fast: 40, balanced: 180, best: 500 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02] }[task] ?? [0.3, 0.05];
  const common = { steps, weight: 0.1, noiseAware: true, reverse: "renoise" };
  return { ...common, ...warmLevels(sigmaMax, end, sigmaY) };
}
