import type { Preset } from "./preset.ts";

/**
 * Data part preconditioned, fresh noise after each level, start from the classical estimate: the robust choice on
 * trained networks.
 */
export function vmlMapPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [9, 3], balanced: [21, 5], best: [100, 6] }[preset];
  const common = { precondition: "data", gamma: 0.5, reverse: "renoise", warm: true, sigmaFloor: 0.005, steps, inner };
  // A noisy picture is its own start: nothing above its noise level has to be found.
  if (task === "denoise")
    return { ...common, nu: 0, sigmaMax: Math.max(0.05, sigmaY), sigmaMin: Math.max(0.01, 0.25 * sigmaY) };
  return { ...common, nu: preset === "fast" ? 0 : 0.02, sigmaMax: 2 };
}
