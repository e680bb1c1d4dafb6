import type { Preset } from "./preset.ts";

/**
 * A short way down from the encoded first guess: from further up the sampler invents more and loses PSNR. ω is for any size of
 * picture (`anySize`); the more inner steps share it, the larger it may be before they overshoot. The covariance's own part of the
 * expected misfit (`measured`) is worth 0.05 to 0.6 dB; the paper's η = 0.02 changes nothing that can be seen (docs/stsl.md).
 */
export function latentStslPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [8, 3], balanced: [11, 4], best: [20, 5] }[preset];
  const enlarges = task === "super-resolution";
  const omega = { "super-resolution": 80, blur: 160, inpaint: 200 }[task] ?? 250;
  // Super-resolution by 4 at σ_y = 0.2: a third of ω gives 20.4 dB, all of it 19.9; a blur is better followed closely.
  const quieter = enlarges ? Math.sqrt(0.04 / Math.max(0.04, sigmaY)) : 1;
  return {
    ...(enlarges ? coarse(sigmaY) : fine(sigmaY)),
    steps,
    inner,
    omega: omega * quieter * (preset === "fast" ? 0.7 : 1),
    anySize: true,
    init: "start",
    ...(preset === "fast" ? { eta: 0 } : { curvature: "measured", eta: 2 }),
  };
}

/**
 * What is enlarged has no fine detail to meet: 0.3 dB are lost by going further down. Its noise is enlarged too, to blotches that
 * only a start from further up removes.
 */
function coarse(sigmaY: number) {
  const sigmaMax = Math.max(0.4, Math.min(1, 10 * sigmaY), sigmaY);
  return { sigmaMax, sigmaMin: Math.min(Math.max(0.1, sigmaY), sigmaMax / 2) };
}

const fine = (sigmaY: number) => ({
  grid: "karras",
  sigmaMax: Math.max(0.4, sigmaY),
  sigmaMin: Math.max(0.05, 0.25 * sigmaY),
});
