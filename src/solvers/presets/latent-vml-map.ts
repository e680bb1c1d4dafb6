import type { Preset } from "./preset.ts";

/**
 * As on pictures: the data part preconditioned, fresh noise after each level. Few conjugate gradients do, each of which goes through
 * the decoder twice; a blur asks for more of them.
 */
export function latentVmlMapPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") {
    const sigmaMax = Math.max(0.02, sigmaY);
    const [steps, inner] = { fast: [3, 2], balanced: [5, 3], best: [5, 6] }[preset] as [number, number];
    return {
      precondition: "cg",
      cgSteps: 2,
      reverse: "ode",
      warm: true,
      steps,
      inner,
      sigmaMax,
      sigmaMin: 0.9 * sigmaMax,
    };
  }
  const blur = task.includes("blur");
  const [steps, inner, cgSteps] = { fast: [9, 3, blur ? 4 : 2], balanced: [12, 4, blur ? 5 : 3], best: [30, 5, 8] }[
    preset
  ] as [number, number, number];
  const nu = preset === "fast" ? 0 : 0.02;
  const common = { precondition: "data", gamma: 0.5, reverse: "renoise", warm: true, sigmaFloor: 0.005 };
  return { ...common, steps, inner, cgSteps, nu, sigmaMax: Math.max(2, sigmaY) };
}
