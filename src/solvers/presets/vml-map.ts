import type { Preset } from "./preset.ts";

/**
 * Data part preconditioned, fresh noise after each level, start from the classical estimate: the robust choice on
 * trained networks.
 */
export function vmlMapPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  // Aliased structure is found level by level; fewer levels leave it standing.
  const fast = task === "mri" || task === "mri-complex" ? [24, 1] : [9, 3];
  const [steps, inner] = { fast, balanced: [21, 5], best: [100, 6] }[preset];
  const common = { precondition: "data", gamma: 0.5, reverse: "renoise", warm: true, sigmaFloor: 0.005, steps, inner };
  // At σ = σ_y the minimiser is y itself, whose D is the posterior mean; further down it turns into the (sharper) MAP.
  if (task === "denoise") {
    const sigmaMax = Math.max(0.02, sigmaY);
    return { precondition: "cg", reverse: "ode", warm: true, steps: 5, inner: 3, sigmaMax, sigmaMin: 0.9 * sigmaMax };
  }
  // Many small steps let colours drift, and the prior's own step drives them on.
  if (task === "colorize")
    return { ...common, steps: { fast: 9, balanced: 12, best: 21 }[preset], inner: 3, nu: 0, sigmaMax: 2 };
  // A scan's normal equations are nearly solved by then.
  const scan = task === "ct" ? { cgSteps: 4 } : {};
  return { ...common, nu: preset === "fast" ? 0 : 0.02, sigmaMax: 2, ...scan };
}
