import type { Preset } from "./preset.ts";

/**
 * A short way down from the encoded first guess: from further up the sampler invents more and loses PSNR. ω is for the square root of
 * the picture's size (`anySize`); the covariance's own part of the expected misfit (`measured`) is worth 0.05 to 0.6 dB, the paper's
 * η = 0.02 nothing that could be seen (docs/stsl.md).
 */
export function latentStslPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [8, 2], balanced: [15, 2], best: [20, 4] }[preset];
  const omega = { "super-resolution": 30, blur: 50, denoise: 10 }[task] ?? 80;
  const sigmaMax = Math.max(task === "denoise" ? 0.2 : 0.4, sigmaY);
  return {
    steps,
    inner,
    omega,
    anySize: true,
    init: "start",
    sigmaMax,
    sigmaMin: Math.min(0.1, sigmaMax / 2),
    ...(preset === "fast" ? { eta: 0 } : { curvature: "measured", eta: 2 }),
  };
}
