import type { Preset } from "./preset.ts";

/**
 * A short way down from the encoded first guess: from further up the sampler invents more and loses PSNR. ω is for any size of
 * picture (`anySize`). The covariance's own part of the expected misfit (`measured`) is worth 0.05 to 0.6 dB; the paper's η = 0.02
 * changes nothing that can be seen (docs/stsl.md).
 */
export function latentStslPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [8, 2], balanced: [15, 2], best: [20, 4] }[preset];
  // The fewer pixels are measured, the less noise of theirs can be averaged away.
  const quieter = task === "super-resolution" ? Math.sqrt(0.04 / Math.max(0.04, sigmaY)) : 1;
  const omega = { "super-resolution": 30, blur: 50, denoise: 10 }[task] ?? 80;
  const sigmaMax = task === "denoise" ? Math.max(0.1, sigmaY / 2) : Math.max(0.4, sigmaY);
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
