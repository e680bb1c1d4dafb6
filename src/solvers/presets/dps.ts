import type { Preset } from "./preset.ts";

/**
 * ζ is for 100 steps; fewer, longer steps need a larger one. A start near the classical estimate (sigmaMax) and an end above
 * the finest level keep the sample close to the posterior mean: further up it invents more and loses PSNR.
 */
export function dpsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 40, balanced: 100, best: 400 }[preset];
  const common = { steps, anySize: true, warm: true };
  // y is itself a draw at its noise level: nothing to guide, little to invent.
  if (task === "denoise")
    return {
      ...common,
      zeta: 2 / steps,
      eta: 0.5,
      sigmaMax: Math.max(0.02, sigmaY),
      sigmaMin: Math.max(0.01, 0.6 * sigmaY),
    };
  const [zeta, sigmaMax] = { inpaint: [5, 0.5], blur: [7, 0.3], "super-resolution": [0.8, 0.2], colorize: [2, 0.11] }[
    task
  ] ?? [2, 1];
  return {
    ...common,
    zeta: zeta * (100 / steps),
    sigmaMax: Math.max(sigmaMax, sigmaY),
    sigmaMin: Math.max(task === "blur" ? 0.05 : 0.1, 0.5 * sigmaY),
  };
}
