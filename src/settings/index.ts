import type { SettingsFamily } from "../priors/card.ts";
import type { Prior } from "../priors/prior.ts";
import { findSolver, type Solver } from "../solvers/index.ts";
import { latent } from "./latent.ts";
import { natural } from "./natural.ts";
import type { Preset, SettingsTable } from "./table.ts";

export type { Preset } from "./table.ts";

/** Tuned settings by the family that a prior's card names. */
const tables: Readonly<Record<SettingsFamily, SettingsTable>> = { natural, latent };

export interface SettingsRequest {
  /** Registered name of the operator. */
  readonly operator: string;
  /** Is it linear? */
  readonly linear?: boolean;
  /** Noise on the [-1, 1] scale. */
  readonly sigmaY: number;
  readonly prior: Pick<Prior, "settings" | "latent">;
  readonly preset?: Preset | undefined;
  /** To get this solver's options. */
  readonly solver?: string | Solver | undefined;
}

export interface Choice {
  readonly solver: Solver;
  /** Over the solver's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where the options come from: "tuned on FAMILY", or "published". */
  readonly source: string;
}

/**
 * The solver and options that restore images well: those tuned on the prior's family, by measurement (docs/restoration.md), else
 * the published ones for the operator.
 * @throws {TweedieError} invalid-option: no solver of that name
 */
export function settingsFor(request: SettingsRequest): Choice {
  const { operator, linear = true, sigmaY, prior, preset = "balanced" } = request;
  const family = prior.settings;
  const table = family && tables[family];
  const isLatent = prior.latent !== undefined;
  const given = request.solver ?? table?.best[operator] ?? fallback(operator, linear, isLatent);
  const solver = typeof given === "string" ? findSolver(given) : given;
  const rule = table?.rules[solver.name];
  if (rule) return { solver, options: rule(operator, preset, sigmaY), source: `tuned on ${family}` };
  return { solver, options: solver.forTask?.(operator, isLatent) ?? {}, source: "published" };
}

function fallback(operator: string, linear: boolean, isLatent: boolean): string {
  if (operator === "denoise" && !isLatent) return "posterior-mean";
  return linear ? "vml-map" : "red-diff";
}
