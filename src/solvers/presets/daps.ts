import type { Preset } from "./preset.ts";

/**
 * The published chain, with h kept stable and fewer steps of it: long chains and the exact draw fill what is not measured with
 * noise that the network is not told of. Starts from the classical estimate where there is one.
 */
export function dapsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, odeSteps, inner] = { fast: [30, 2, 20], balanced: [60, 4, 40], best: [200, 5, 100] }[
    preset
  ] as number[];
  const common = { steps, odeSteps, inner, limit: 1, sigmaMin: 0.05 };
  if (task === "denoise")
    return {
      ...common,
      steps: steps / 2,
      tau: "sigmaY",
      warm: true,
      sigmaMax: Math.max(0.1, sigmaY),
      sigmaMin: Math.max(0.02, 0.25 * sigmaY),
    };
  // Nothing close to the picture to begin with: the whole annealing.
  if (task === "phase-retrieval" || task === "nonlinear-blur") return { ...common, sigmaMax: 100 };
  return { ...common, warm: true, sigmaMax: 2 };
}
