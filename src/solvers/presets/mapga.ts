import type { Preset } from "./preset.ts";

/** From the classical estimate, as the other solvers that climb through the network. */
export function mapgaPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [9, 4], balanced: [24, 8], best: [100, 8] }[preset] as number[];
  if (task === "denoise")
    return {
      steps,
      inner,
      warm: true,
      sigmaMax: Math.max(0.05, sigmaY),
      sigmaMin: Math.max(0.01, 0.25 * sigmaY),
    };
  return { steps, inner, warm: true, sigmaMax: 2 };
}
