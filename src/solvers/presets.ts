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
  if (name === "vml-map") return vmlMap(task, preset);
  if (name === "red-diff") return redDiff(preset, sigmaY);
  if (name === "dps") return dps(preset);
  return {};
}

/**
 * Data part preconditioned, fresh noise after each level, start from the classical estimate: the robust choice on
 * trained networks. The start's noise must cover what the classical estimate gets wrong: a filled hole needs more.
 */
function vmlMap(task: string, preset: Preset): Record<string, unknown> {
  const [steps, inner] = { fast: [15, 3], balanced: [30, 5], best: [100, 6] }[preset];
  const sigmaMax = task === "inpaint" ? 5 : 2;
  const common = { precondition: "data", nu: 0, gamma: 0.5, reverse: "renoise", warm: true, sigmaFloor: 0.005 };
  return { ...common, steps, inner, sigmaMax };
}

/** The prior's weight grows with the noise in the data, which the published constant would fit. */
function redDiff(preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 100, balanced: 300, best: 1000 }[preset];
  return { steps, lambda: Math.max(0.25, 10 * sigmaY), average: 0.1 };
}

/** ζ is published for 1000 steps; fewer, longer steps need a larger one. */
function dps(preset: Preset): Record<string, unknown> {
  const steps = { fast: 80, balanced: 300, best: 1000 }[preset];
  return { steps, zeta: 1500 / steps };
}
