import type { Preset } from "./preset.ts";

/** Hamiltonian chains, as officially, with their step kept stable; τ is the noise. */
export function latentDapsPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [12, 10], balanced: [24, 20], best: [50, 30] }[preset] as [number, number];
  const levels = { sigmaMax: Math.max(1, sigmaY), sigmaMin: Math.max(0.05, 0.25 * sigmaY), warm: true };
  return { ...levels, steps, inner, odeSteps: 2, sampler: "hmc", momentum: 0.8, lr: 1e-3, limit: 1, tau: "sigmaY" };
}
