import type { Preset } from "./preset.ts";

/** ζ is for 100 steps between these levels; fewer, longer steps need a larger one. */
export function dpsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 50, balanced: 150, best: 500 }[preset];
  const sigmaMin = Math.max(0.05, 0.5 * sigmaY);
  const zeta = ({ inpaint: 12, blur: 12, denoise: 1 }[task] ?? 2) * (100 / steps);
  return { steps, zeta, anySize: true, warm: true, sigmaMax: task === "denoise" ? Math.max(0.1, sigmaY) : 1, sigmaMin };
}
