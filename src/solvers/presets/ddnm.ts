import { spectralPreset } from "./ddrm.ts";
import { denoisingLevels } from "./denoising.ts";
import type { Preset } from "./preset.ts";

/** Is A†y as noisy as y? Then what is measured can be set as published. */
export const hasOrthonormalRows = (task: string) =>
  ["inpaint", "compressed-sensing", "block-compressed-sensing"].includes(task);

/**
 * DDRM's levels. Where A is not orthonormal, the regularised correction, which needs no SVD: 'plus' and 'simple' keep noise of
 * y in directions that are measured badly. Each step weighs the data anew, so that long chains fit their noise: 40 steps do best.
 */
export function ddnmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return denoisingLevels(sigmaY);
  if (task === "inpaint")
    return { ...spectralPreset(task, { fast: 40, balanced: 100, best: 400 }[preset], sigmaY), simple: "paper" };
  if (hasOrthonormalRows(task))
    return { ...spectralPreset(task, { fast: 100, balanced: 400, best: 1000 }[preset], sigmaY), simple: "paper" };
  const steps = preset === "fast" ? 20 : 40;
  return { ...spectralPreset(task, steps, sigmaY), eta: 1, variant: "regularised" };
}
