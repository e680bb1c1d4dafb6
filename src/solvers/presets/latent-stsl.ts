import type { Preset } from "./preset.ts";

/**
 * A short way down from the encoded first guess: from further up the sampler invents more and loses PSNR. ω is for any size of
 * picture (`anySize`). The covariance's own part of the expected misfit (`measured`) is worth 0.05 to 0.6 dB; the paper's η = 0.02
 * changes nothing that can be seen (docs/stsl.md).
 */
export function latentStslPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [8, 2], balanced: [15, 2], best: [20, 4] }[preset];
  // Super-resolution by 4 at σ_y = 0.2: ω = 10 gives 20.4 dB, 30 gives 19.9; a blur is better followed closely.
  const quieter = task === "super-resolution" ? Math.sqrt(0.04 / Math.max(0.04, sigmaY)) : 1;
  const [omega, top] = {
    "super-resolution": [30, 0.4],
    blur: [50, 0.4],
    denoise: [10, 0.1],
    inpaint: inpainting(preset),
  }[task] ?? [80, 0.4];
  const sigmaMax = Math.max(top, task === "denoise" ? sigmaY / 2 : sigmaY);
  return {
    steps,
    inner,
    omega: omega * quieter,
    anySize: true,
    init: "start",
    sigmaMax,
    sigmaMin: Math.min(Math.max(0.1, sigmaY), sigmaMax / 2),
    ...(preset === "fast" ? { eta: 0 } : { curvature: "measured", eta: 2 }),
  };
}

/** Holes need a start from further up; pixels missing at random then take more steps to be met. */
const inpainting = (preset: Preset): [omega: number, sigmaMax: number] => (preset === "fast" ? [80, 0.4] : [100, 0.8]);
