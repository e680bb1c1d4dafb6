import type { Preset, SettingsTable } from "./table.ts";

/**
 * Levels for plain denoising: one, at the noise of the measurement. A noisy picture is itself a draw at σ = σ_y, whose denoised
 * picture is the posterior mean; levels below it take noise for texture, and a likelihood would count the data twice.
 */
function denoisingLevels(sigmaY: number): Record<string, unknown> {
  const sigma = Math.max(0.02, 1.001 * sigmaY); // a little above, where DDRM trusts the measurement
  return { warm: true, steps: 1, grid: "karras", sigmaMax: sigma, sigmaMin: sigma };
}

/**
 * From a start near the classical estimate down to a level above the finest ones, where a sample leaves the posterior mean;
 * both rise with the noise of the measurement.
 */
function warmLevels(sigmaMax: number, sigmaMin: number, sigmaY: number): Record<string, unknown> {
  return { warm: true, sigmaMax: Math.max(sigmaMax, 2 * sigmaY), sigmaMin: Math.max(sigmaMin, 0.5 * sigmaY) };
}

/**
 * The published 20 steps, from near the classical estimate. η falls short of 1 by as much in a longer run as in a short one:
 * directions measured with more noise than the level's are pulled to their measurement at each step, by √(1−η²).
 */
function ddrmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return denoisingLevels(sigmaY);
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 20 : { fast: 20, balanced: 60, best: 200 }[preset];
  return spectralPreset(task, steps, sigmaY);
}

/** What DDRM and DDNM+ share: the same step in every direction. */
function spectralPreset(task: string, steps: number, sigmaY: number): Record<string, unknown> {
  const inpaint = task === "inpaint";
  const eta = inpaint ? 1 : Math.sqrt(1 - (10 / steps) ** 2);
  const [sigmaMax, end] = { inpaint: [0.5, 0.02], blur: [0.3, 0.05], "super-resolution": [0.5, 0.05] }[task] ?? [
    1, 0.05,
  ];
  return { steps, eta, ...warmLevels(sigmaMax, end, sigmaY) };
}

/** Is A†y as noisy as y? Then what is measured can be set as published. */
const hasOrthonormalRows = (task: string) =>
  ["inpaint", "compressed-sensing", "block-compressed-sensing"].includes(task);

/**
 * DDRM's levels. Where A is not orthonormal, the regularised correction, which needs no SVD: 'plus' and 'simple' keep noise of
 * y in directions that are measured badly. Each step weighs the data anew, so that long chains fit their noise: 40 steps do best.
 */
function ddnmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return denoisingLevels(sigmaY);
  if (task === "inpaint")
    return { ...spectralPreset(task, { fast: 40, balanced: 100, best: 400 }[preset], sigmaY), simple: "paper" };
  if (hasOrthonormalRows(task))
    return { ...spectralPreset(task, { fast: 100, balanced: 400, best: 1000 }[preset], sigmaY), simple: "paper" };
  const steps = preset === "fast" ? 20 : 40;
  return { ...spectralPreset(task, steps, sigmaY), eta: 1, variant: "regularised" };
}

/** What is measured is set as far as its noise allows, and guided by little more; a tenth of the published weight. */
function mcgPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), weight: 0, noiseAware: true };
  const orthonormal = hasOrthonormalRows(task);
  // Each step weighs the data anew: a long chain of regularised ones fits their noise.
  const steps =
    task === "colorize" ? 20 : { fast: 40, balanced: orthonormal ? 180 : 60, best: orthonormal ? 500 : 100 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02] }[task] ?? [0.3, 0.05];
  const measured = orthonormal ? { noiseAware: true } : { inverse: "regularised" };
  const common = { steps, weight: 0.1, ...measured, reverse: "renoise" };
  return { ...common, ...warmLevels(sigmaMax, end, sigmaY) };
}

/** The step that explains what is left and no more: with it, ζ has not to be tuned. */
function mpgdPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const common = { bounded: true, zeta: 1e4 };
  if (task === "denoise") return { ...denoisingLevels(sigmaY), ...common };
  // A gradient step a level cannot undo a blur: all it can do is to stay near the deconvolution it starts from.
  if (task === "blur") return { ...common, steps: 20, reverse: "renoise", ...warmLevels(0.04, 0.02, sigmaY) };
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 20 : { fast: 100, balanced: 400, best: 1000 }[preset];
  const [sigmaMax, end] = { inpaint: [0.5, 0.02] }[task] ?? [0.3, 0.05];
  return { ...common, steps, reverse: "renoise", ...warmLevels(sigmaMax, end, sigmaY) };
}

/**
 * The likelihood score with the variance of pictures, fresh noise at each level, and a start near the classical estimate: the
 * published weight fits the noise of y, and DDIM's samples lie further from the mean.
 */
function pigdmPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), weight: 0 };
  // Colours drift a little in every step.
  const steps = task === "colorize" ? 40 : { fast: 40, balanced: 180, best: 500 }[preset];
  const [sigmaMax, end] = {
    inpaint: [1, 0.02],
    blur: [0.3, 0.1],
    "super-resolution": [0.3, 0.1],
    colorize: [0.1, 0.05], // further up it takes up colours of its own
  }[task] ?? [1, 0.05];
  const common = { steps, guidance: "score", dataVariance: 0.5, reverse: "renoise" };
  return { ...common, ...warmLevels(sigmaMax, end, sigmaY) };
}

/**
 * ζ is for 100 steps; fewer, longer steps need a larger one. A start near the classical estimate (sigmaMax) and an end above
 * the finest level keep the sample close to the posterior mean: further up it invents more and loses PSNR.
 */
function dpsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const steps = { fast: 40, balanced: 100, best: 400 }[preset];
  const common = { steps, anySize: true, warm: true };
  // y is itself a draw at its noise level: nothing to guide, little to invent.
  if (task === "denoise")
    return {
      ...common,
      zeta: 2 / steps,
      eta: 0.5,
      sigmaMax: Math.max(0.02, sigmaY),
      sigmaMin: Math.max(0.01, 0.6 * sigmaY),
    };
  const [zeta, sigmaMax] = { inpaint: [5, 0.5], blur: [7, 0.3], "super-resolution": [0.8, 0.2], colorize: [2, 0.11] }[
    task
  ] ?? [2, 1];
  return {
    ...common,
    zeta: zeta * (100 / steps),
    sigmaMax: Math.max(sigmaMax, sigmaY),
    sigmaMin: Math.max(task === "blur" ? 0.05 : 0.1, 0.5 * sigmaY),
  };
}

/** A start near the classical estimate, fresh noise at each level, an end above the finest ones. */
function exactCovariancePreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  if (task === "denoise") return { ...denoisingLevels(sigmaY), cgSteps: 1, sigmaFloor: 10 };
  const steps = { fast: 20, balanced: 100, best: 300 }[preset];
  const common = { steps, cgSteps: 3, reverse: "renoise" };
  // Few conjugate gradients do not solve the badly conditioned system of a mask: a larger σ_y makes it easier.
  if (task === "inpaint") return { ...common, sigmaFloor: 0.1, ...warmLevels(0.3, 0.05, sigmaY) };
  return { ...common, ...warmLevels(0.3, 0.1, sigmaY) };
}

/**
 * Fresh noise in every step (ζ = 1) and Bayes' ρ: with the published ζ < 1 what this network gets wrong stays in ε̃ and grows.
 * Pixels missing at random start from the filled picture; noisy pictures from themselves.
 */
function diffpirPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
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

/**
 * The published levels with h kept stable and short chains: long ones and the exact draw fill what is not measured with noise
 * that the network is not told of. Starts from the classical estimate where there is one.
 */
function dapsPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
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

/** Full data steps almost to the end (α = 0.01); the first noise is that of σ = 2.3 around the classical estimate. */
function pnpFlowPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, average] = { fast: [150, 1], balanced: [200, 3], best: [500, 5] }[preset] as number[];
  // t = 1/(1 + σ_y) is where the path has the measurement's own noise.
  if (task === "denoise") return { steps, average, alpha: 0.8, startTime: Math.min(0.95, 1 / (1 + sigmaY)) };
  return { steps, average, alpha: 0.01, startTime: 0.3 };
}

/** From the classical estimate at σ = 1.5, and with r² for data of the variance of pictures on [-1, 1]. */
function otOdePreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const taken = { fast: 45, balanced: 200, best: 600 }[preset];
  const startTime = task === "denoise" ? Math.min(0.9, 1 / (1 + sigmaY)) : 0.4;
  return { steps: Math.round(taken / (1 - startTime)), startTime, from: "estimate", dataVariance: 0.25 };
}

/** From the classical estimate, as the other solvers that climb through the network. */
function mapgaPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
  const [steps, inner] = { fast: [9, 4], balanced: [24, 8], best: [100, 8] }[preset] as number[];
  if (task === "denoise")
    return {
      steps,
      inner,
      warm: true,
      sigmaMax: Math.max(0.05, sigmaY),
      sigmaMin: Math.max(0.01, 0.25 * sigmaY),
    };
  return { steps, inner, warm: true, sigmaMax: 2 };
}

/** Levels below the noise in the data only fit it; the prior's weight grows with that noise. */
function redDiffPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
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
  const [lambda, lr, sigmaMax] = {
    inpaint: [0.5, 0.02, 0.3],
    blur: [0.25, 0.05, 1],
    "nonlinear-blur": [0.25, 0.05, 1],
  }[task] ?? [0.5, 0.05, 0.5];
  const growth = Math.max(1, Math.sqrt(sigmaY / 0.02));
  // Each ray of a scan is a mean of many pixels: what it says of one of them is little, and must count more.
  const scan = task === "ct" ? { v: 50 } : {};
  return { steps, average: 0.2, lambda: lambda * growth, lr, lrEnd: 0.1, sigmaMax, sigmaMin, ...scan };
}

/**
 * Data part preconditioned, fresh noise after each level, start from the classical estimate: the robust choice on
 * trained networks.
 */
function vmlMapPreset(task: string, preset: Preset, sigmaY: number): Record<string, unknown> {
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

/** Settings tuned on `natural` and its kin, pixel priors of photographs. */
export const natural: SettingsTable = {
  rules: {
    "pnp-flow": pnpFlowPreset,
    "ot-ode": otOdePreset,
    mapga: mapgaPreset,
    diffpir: diffpirPreset,
    daps: dapsPreset,
    "vml-map": vmlMapPreset,
    "red-diff": redDiffPreset,
    dps: dpsPreset,
    pigdm: pigdmPreset,
    "exact-covariance": exactCovariancePreset,
    ddrm: ddrmPreset,
    ddnm: ddnmPreset,
    mcg: mcgPreset,
    mpgd: mpgdPreset,
    "posterior-mean": () => ({}),
  },
  best: { denoise: "posterior-mean", "compressed-sensing": "diffpir", "block-compressed-sensing": "diffpir" },
};
