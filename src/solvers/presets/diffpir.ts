import type { Preset } from "./preset.ts";

/**
 * Fresh noise in every step (ζ = 1) and Bayes' ρ: with the published ζ < 1 what this network gets wrong stays in ε̃ and grows.
 * Pixels missing at random start from the filled picture; noisy pictures from themselves.
 */
export function diffpirPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 100, balanced: 400, best: 1000 }[preset];
  const common = { rho: "paper", lambda: 1, zeta: 1 };
  if (task === "denoise")
    return {
      ...common,
      steps: Math.ceil(steps / 5),
      timesteps: "karras",
      sigmaMax: Math.max(0.05, sigmaY),
      sigmaMin: Math.max(0.01, 0.25 * sigmaY),
    };
  if (task === "inpaint") return { ...common, steps, timesteps: "karras", sigmaMax: 2 };
  return { ...common, steps };
}
