import type { Solver } from "../../solvers/index.ts";
import type { ExactProblem } from "./problems.ts";

/** One way of running a solver here. */
export interface Variant {
  /** The solver's name, or "name (what differs)". */
  readonly label: string;
  readonly solver: string;
  readonly options: (problem: ExactProblem) => Readonly<Record<string, unknown>>;
}

const variant = (
  label: string,
  options: Variant["options"] | Readonly<Record<string, unknown>> = {},
  solver = label.split(" ")[0],
): Variant => ({ label, solver, options: typeof options === "function" ? options : () => options });

/** A thousand steps say nothing more about 256 numbers than 250 do, and take four times as long. */
const long = ({ dimension }: ExactProblem) => (dimension > 16 ? 250 : 1000);

/**
 * The published settings, with nothing clipped (these data are not pictures). Where a solver has an approximation that can be
 * taken away, a second variant does so: what is left of its error is its own.
 */
const variants: readonly Variant[] = [
  variant("posterior-mean"),
  variant("red-diff", (p) => ({ steps: long(p) })),
  variant("vml-map", (p) => ({ steps: p.dimension > 16 ? 30 : 50 })),
  variant("vml-map (svd)", (p) => ({ precondition: "svd", steps: p.dimension > 16 ? 30 : 50 })),
  variant("mapga"),
  variant("dps", (p) => ({ clip: false, steps: long(p) })),
  variant("dps (1/σ_y²)", (p) => ({ clip: false, steps: long(p), weight: "bayes" })),
  variant("pigdm", { clip: false }),
  variant("pigdm (score)", { clip: false, guidance: "score", grid: "karras", sigmaMax: 80 }),
  variant("exact-covariance", (p) => ({ clip: false, sigmaMax: 80, cgSteps: Math.min(8, p.factors.s.length) })),
  variant("ddrm"),
  variant("ddnm"),
  variant("mcg", (p) => ({ clip: false, steps: long(p) })),
  variant("mpgd", { clip: false, anySize: true }),
  variant("diffpir", { clip: false }),
  variant("diffpir (Bayes ρ, ζ=1)", { clip: false, rho: "paper", zeta: 1 }),
  variant("daps", { sampler: "exact" }),
  variant("daps (τ=σ_y)", { sampler: "exact", tau: "sigmaY" }),
  variant("pnp-flow"),
  variant("ot-ode"),
];

/** How a solver is run: its variants, or its defaults without clipping when none are listed. */
export function variantsOf(solver: Solver): readonly Variant[] {
  const own = variants.filter((v) => v.solver === solver.name);
  if (own.length > 0) return own;
  const names = "shape" in solver.options ? Object.keys(solver.options.shape as object) : [];
  return [variant(solver.name, names.includes("clip") ? { clip: false } : {}, solver.name)];
}
