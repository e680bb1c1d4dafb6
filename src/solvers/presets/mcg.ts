import { hasOrthonormalRows } from "./ddnm.ts";
import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";
import { warmLevels } from "./warm-levels.ts";

/** What is measured is set as far as its noise allows, and guided by little more; a tenth of the published weight. */
export function mcgPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), weight: 0, noiseAware: true };
  const orthonormal = hasOrthonormalRows(task);
  // Each step weighs the data anew: a long chain of regularised ones fits their noise.
  const steps =
    task === "colorize" ? 20 : { fast: 40, balanced: orthonormal ? 180 : 60, best: orthonormal ? 500 : 100 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02] }[task] ?? [0.3, 0.05];
  const measured = orthonormal ? { noiseAware: true } : { inverse: "regularised" };
  const common = { steps, weight: 0.1, ...measured, reverse: "renoise" };
  return { ...common, ...warmLevels(sigmaMax, end, sigmaY) };
}
