import type { Preset } from "./preset.ts";

/**
 * The published levels with h kept stable and short chains: long ones and the exact draw fill what is not measured with noise
 * that the network is not told of. Starts from the classical estimate where there is one.
 */
export function dapsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  // One level at the noise of y, as for the other samplers: a chain that went on would count the data twice.
  if (task === "denoise") {
    const sigma = Math.max(0.02, 1.001 * sigmaY);
    return { steps: 1, odeSteps: 1, inner: 1, lr: 1e-6, tau: "sigmaY", warm: true, sigmaMax: sigma, sigmaMin: sigma };
  }
  const common = { limit: 1, sigmaMin: 0.05 };
  // Nothing close to the picture to begin with: the whole annealing, with the published chains.
  if (task === "phase-retrieval" || task === "nonlinear-blur") {
    const [steps, odeSteps, inner] = { fast: [30, 2, 20], balanced: [60, 4, 40], best: [200, 5, 100] }[
      preset
    ] as number[];
    return { ...common, steps, odeSteps, inner, sigmaMax: 100 };
  }
  const steps = { fast: 30, balanced: 60, best: 200 }[preset];
  return { ...common, steps, odeSteps: 2, inner: 20, warm: true, sigmaMax: 2 };
}
