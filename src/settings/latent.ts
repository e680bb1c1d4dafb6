import { natural } from "./natural.ts";
import type { Preset, SettingsTable } from "./table.ts";

/**
 * From noise of the level `top` around the encoded classical estimate to a level below which nothing changes but the finest grain.
 * Latents have unit variance: from 1 much is drawn anew, from 0.4 the estimate is kept but for its errors.
 */
function latentLevels(preset: Preset, sigmaY: number, top: number) {
  const steps = { fast: 40, balanced: 100, best: 300 }[preset];
  return { steps, warm: true, anySize: true, sigmaMax: Math.max(top, sigmaY), sigmaMin: Math.max(0.05, 0.25 * sigmaY) };
}

/** What was found with 40 steps, for others: guidance adds up over them. */
const per40Steps = (weight: number, { steps }: { readonly steps: number }) => (weight * 40) / steps;

/**
 * A short way down from the encoded first guess: from further up the sampler invents more and loses PSNR. ω is for any size of
 * picture (`anySize`); the more inner steps share it, the larger it may be before they overshoot. The covariance's own part of the
 * expected misfit (`measured`) is worth 0.05 to 0.6 dB; the paper's η = 0.02 changes nothing that can be seen (docs/stsl.md).
 */
function latentStslPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [8, 3], balanced: [11, 4], best: [20, 5] }[preset];
  const enlarges = task === "super-resolution";
  const omega = { "super-resolution": 80, blur: 160, inpaint: 200 }[task] ?? 250;
  // Super-resolution by 4 at σ_y = 0.2: a third of ω gives 20.4 dB, all of it 19.9; a blur is better followed closely.
  const quieter = enlarges ? Math.sqrt(0.04 / Math.max(0.04, sigmaY)) : 1;
  return {
    ...(enlarges ? coarse(sigmaY) : fine(sigmaY)),
    steps,
    inner,
    omega: omega * quieter * (preset === "fast" ? 0.7 : 1),
    anySize: true,
    init: "start",
    ...(preset === "fast" ? { eta: 0 } : { curvature: "measured", eta: 2 }),
  };
}

/**
 * What is enlarged has no fine detail to meet: 0.3 dB are lost by going further down. Its noise is enlarged too, to blotches that
 * only a start from further up removes.
 */
function coarse(sigmaY: number) {
  const sigmaMax = Math.max(0.4, Math.min(1, 10 * sigmaY), sigmaY);
  return { sigmaMax, sigmaMin: Math.min(Math.max(0.1, sigmaY), sigmaMax / 2) };
}

const fine = (sigmaY: number) => ({
  grid: "karras",
  sigmaMax: Math.max(0.4, sigmaY),
  sigmaMin: Math.max(0.05, 0.25 * sigmaY),
});

/** ζ is large, because `anySize` divides it by the squared slope of the decoder's steepest direction. */
function latentDpsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.4);
  const zeta = { "super-resolution": 20, blur: 30 }[task] ?? 60;
  return { ...levels, zeta: per40Steps(zeta, levels) };
}

/** Few levels, a start near the estimate and a larger ω; the same for GML-DPS. */
function latentPsldPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.5);
  const omega = { "super-resolution": 8, blur: 4, inpaint: 6 }[task] ?? 10;
  return { ...levels, grid: "karras", omega: per40Steps(omega, levels), gamma: per40Steps(0.1, levels) };
}

/** Four fits on the way: each brings the encoder's error with it. λ = 1 as usual; the rest is left to the guidance. */
function latentP2lPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const levels = latentLevels(preset, sigmaY, 0.5);
  return { ...levels, grid: "karras", every: levels.steps / 4, lambda: 1, zeta: per40Steps(12, levels) };
}

/** Fits begin at once and stop at the noise; a look one level ahead is enough so near the estimate. */
function latentResamplePreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 20, balanced: 40, best: 100 }[preset];
  const levels = { ...latentLevels(preset, sigmaY, 1), steps };
  const iterations = { fast: 15, balanced: 20, best: 40 }[preset];
  return {
    ...levels,
    grid: "karras",
    zeta: per40Steps(3, levels),
    begin: 0,
    every: 4,
    ahead: 1,
    pixelIterations: 60,
    latentIterations: iterations,
    lastIterations: iterations,
    latentRate: 0.02,
    tolerance: "noise",
  };
}

/** With a denoiser the Bayesian weight does better than the published ones, and a start near the estimate better than a high one. */
function latentLatinoPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 6, balanced: 12, best: 24 }[preset];
  return { weight: "bayes", steps, sigmaMax: Math.max(task === "super-resolution" ? 1 : 0.5, sigmaY) };
}

/** A fifth of the weight that the prior has on pictures: a decoder's output is near a picture by itself. */
function latentRedDiffPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 60, balanced: 150, best: 500 }[preset];
  const growth = Math.max(1, Math.sqrt(sigmaY / 0.05));
  const sigmaMax = Math.max(0.5, sigmaY);
  return {
    steps,
    average: 0.2,
    lambda: 0.05 * growth,
    lr: 0.05,
    lrEnd: 0.1,
    sigmaMax,
    sigmaMin: Math.max(0.05, 0.25 * sigmaY),
  };
}

/**
 * As on pictures: the data part preconditioned, fresh noise after each level. Few conjugate gradients do, each of which goes through
 * the decoder twice; a blur asks for more of them.
 */
function latentVmlMapPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
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

/** Hamiltonian chains, as officially, with their step kept stable; τ is the noise. */
function latentDapsPreset(_task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [12, 10], balanced: [24, 20], best: [50, 30] }[preset] as [number, number];
  const levels = { sigmaMax: Math.max(1, sigmaY), sigmaMin: Math.max(0.05, 0.25 * sigmaY), warm: true };
  return { ...levels, steps, inner, odeSteps: 2, sampler: "hmc", momentum: 0.8, lr: 1e-3, limit: 1, tau: "sigmaY" };
}

/** Settings tuned on `latent`, for priors of latents of unit variance. */
export const latent: SettingsTable = {
  rules: {
    ...natural.rules,
    stsl: latentStslPreset,
    dps: latentDpsPreset,
    "red-diff": latentRedDiffPreset,
    "vml-map": latentVmlMapPreset,
    daps: latentDapsPreset,
    psld: latentPsldPreset,
    "gml-dps": latentPsldPreset,
    p2l: latentP2lPreset,
    resample: latentResamplePreset,
    latino: latentLatinoPreset,
  },
  best: { "super-resolution": "red-diff" },
};
