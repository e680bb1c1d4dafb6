import { findSolver } from "./registry.ts";
import type { Solver } from "./solver.ts";

/** How much time a restoration may take: seconds, half a minute, as long as it pays (256², two cores). */
export type Preset = "fast" | "balanced" | "best";

export interface Choice {
  readonly solver: Solver;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The solver and options that restore pictures well, by measurement (docs/restoration.md says what was tried).
 * @param task name of the operator
 * @param sigmaY noise on the [-1, 1] scale
 * @param solver a solver's name, to get that solver's options
 */
export function presetFor(task: string, preset: Preset, sigmaY: number, solver?: string): Choice {
  const name = solver ?? (task === "denoise" ? "posterior-mean" : "vml-map");
  return { solver: findSolver(name), options: optionsOf(name, task, preset, sigmaY) };
}

function optionsOf(name: string, task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (name === "vml-map") return vmlMap(task, preset, sigmaY);
  if (name === "red-diff") return redDiff(task, preset, sigmaY);
  if (name === "dps") return dps(task, preset, sigmaY);
  return {};
}

/**
 * Data part preconditioned, fresh noise after each level, start from the classical estimate: the robust choice on
 * trained networks.
 */
function vmlMap(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [9, 3], balanced: [21, 5], best: [100, 6] }[preset];
  const common = { precondition: "data", gamma: 0.5, reverse: "renoise", warm: true, sigmaFloor: 0.005, steps, inner };
  // A noisy picture is its own start: nothing above its noise level has to be found.
  if (task === "denoise")
    return { ...common, nu: 0, sigmaMax: Math.max(0.05, sigmaY), sigmaMin: Math.max(0.01, 0.25 * sigmaY) };
  return { ...common, nu: preset === "fast" ? 0 : 0.02, sigmaMax: 2 };
}

/** Levels below the noise in the data only fit it; the prior's weight grows with that noise. */
function redDiff(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 100, balanced: 300, best: 1000 }[preset];
  const sigmaMin = Math.max(0.01, 0.5 * sigmaY);
  if (task === "denoise")
    return {
      steps,
      average: 0.2,
      lambda: 8,
      lr: 0.02,
      sigmaMax: Math.max(0.02, 0.8 * sigmaY),
      sigmaMin: Math.max(0.01, 0.2 * sigmaY),
    };
  const [lambda, lr, sigmaMax] = { inpaint: [0.5, 0.02, 0.3], blur: [0.25, 0.05, 1] }[task] ?? [0.5, 0.05, 0.5];
  const growth = Math.max(1, Math.sqrt(sigmaY / 0.02));
  return { steps, average: 0.2, lambda: lambda * growth, lr, lrEnd: 0.1, sigmaMax, sigmaMin };
}

/** ζ is for 100 steps between these levels; fewer, longer steps need a larger one. */
function dps(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 50, balanced: 150, best: 500 }[preset];
  const sigmaMin = Math.max(0.05, 0.5 * sigmaY);
  const zeta = ({ inpaint: 12, blur: 12, denoise: 1 }[task] ?? 2) * (100 / steps);
  return { steps, zeta, anySize: true, warm: true, sigmaMax: task === "denoise" ? Math.max(0.1, sigmaY) : 1, sigmaMin };
}
