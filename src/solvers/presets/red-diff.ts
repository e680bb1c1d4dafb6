import type { Preset } from "./preset.ts";

/** Levels below the noise in the data only fit it; the prior's weight grows with that noise. */
export function redDiffPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 100, balanced: 300, best: 1000 }[preset];
  const sigmaMin = Math.max(0.01, 0.5 * sigmaY);
  if (task === "denoise")
    return {
      steps,
      average: 0.2,
      lambda: 8,
      lr: 0.02,
      sigmaMax: Math.max(0.02, 0.8 * sigmaY),
      sigmaMin: Math.max(0.01, 0.2 * sigmaY),
    };
  const [lambda, lr, sigmaMax] = {
    inpaint: [0.5, 0.02, 0.3],
    blur: [0.25, 0.05, 1],
    "nonlinear-blur": [0.25, 0.05, 1],
  }[task] ?? [0.5, 0.05, 0.5];
  const growth = Math.max(1, Math.sqrt(sigmaY / 0.02));
  // Each ray of a scan is a mean of many pixels: what it says of one of them is little, and must count more.
  const scan = task === "ct" ? { v: 50 } : {};
  return { steps, average: 0.2, lambda: lambda * growth, lr, lrEnd: 0.1, sigmaMax, sigmaMin, ...scan };
}
