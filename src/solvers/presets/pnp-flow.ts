import type { Preset } from "./preset.ts";

/** Full data steps almost to the end (α = 0.01); the first noise is that of σ = 2.3 around the classical estimate. */
export function pnpFlowPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, average] = { fast: [150, 1], balanced: [200, 3], best: [500, 5] }[preset] as number[];
  // t = 1/(1 + σ_y) is where the path has the measurement's own noise.
  if (task === "denoise") return { steps, average, alpha: 0.8, startTime: Math.min(0.95, 1 / (1 + sigmaY)) };
  return { steps, average, alpha: 0.01, startTime: 0.3 };
}
