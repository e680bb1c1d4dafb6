import { findSolver } from "../registry.ts";
import type { Solver } from "../solver.ts";
import { dapsPreset } from "./daps.ts";
import { ddnmPreset } from "./ddnm.ts";
import { ddrmPreset } from "./ddrm.ts";
import { diffpirPreset } from "./diffpir.ts";
import { dpsPreset } from "./dps.ts";
import { exactCovariancePreset } from "./exact-covariance.ts";
import { latentDapsPreset } from "./latent-daps.ts";
import { latentDpsPreset } from "./latent-dps.ts";
import { latentLatinoPreset } from "./latent-latino.ts";
import { latentP2lPreset } from "./latent-p2l.ts";
import { latentPsldPreset } from "./latent-psld.ts";
import { latentRedDiffPreset } from "./latent-red-diff.ts";
import { latentResamplePreset } from "./latent-resample.ts";
import { latentStslPreset } from "./latent-stsl.ts";
import { latentVmlMapPreset } from "./latent-vml-map.ts";
import { mapgaPreset } from "./mapga.ts";
import { mcgPreset } from "./mcg.ts";
import { mpgdPreset } from "./mpgd.ts";
import { otOdePreset } from "./ot-ode.ts";
import { pigdmPreset } from "./pigdm.ts";
import { pnpFlowPreset } from "./pnp-flow.ts";
import type { Preset, PresetRule } from "./preset.ts";
import { redDiffPreset } from "./red-diff.ts";
import { vmlMapPreset } from "./vml-map.ts";

export type { Preset, PresetRule } from "./preset.ts";

/** One rule a solver; a solver without one runs with its own defaults. */
const rules: Readonly<Record<string, PresetRule>> = {
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
};

/** Instead of the above, for latent priors. */
const latentRules: Readonly<Record<string, PresetRule>> = {
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
};

/** What does better than the solver for all other operators. */
const bestFor: Readonly<Record<string, string>> = {
  denoise: "posterior-mean",
  "compressed-sensing": "diffpir",
  "block-compressed-sensing": "diffpir",
};

/** The same for latent priors. */
const bestForLatents: Readonly<Record<string, string>> = { "super-resolution": "red-diff" };

export interface Choice {
  readonly solver: Solver;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The solver and options that restore pictures well, by measurement (docs/restoration.md says what was tried).
 * @param task name of the operator
 * @param sigmaY noise on the [-1, 1] scale
 * @param solver a solver's name, to get that solver's options
 * @param linear is the operator linear?
 * @param latent is the prior one of latents?
 */
export function presetFor(
  task: string,
  preset: Preset,
  sigmaY: number,
  solver?: string,
  { linear = true, latent = false }: { readonly linear?: boolean; readonly latent?: boolean } = {},
): Choice {
  const name = solver ?? (latent ? bestForLatents : bestFor)[task] ?? (linear ? "vml-map" : "red-diff");
  const rule = (latent ? latentRules[name] : undefined) ?? rules[name];
  return { solver: findSolver(name), options: rule?.(task, preset, sigmaY) ?? {} };
}
