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

/** For solvers that are published with 1000 steps: more than these change nothing here that the figures show. */
const long = ({ dimension }: ExactProblem) => (dimension > 16 ? 200 : 400);

/**
 * The published settings, with nothing clipped (these data are not pictures). Where a solver has an approximation that can be
 * taken away, a second variant does so: what is left of its error is its own.
 */
const variants: readonly Variant[] = [
  variant("posterior-mean"),
  variant("red-diff", (p) => ({ steps: long(p) })),
  variant("vml-map", { steps: 30 }),
  variant("vml-map (svd)", { steps: 30, precondition: "svd" }),
  variant("stsl"),
  variant("stsl (η=0)", { eta: 0 }),
  variant("stsl (matched)", { curvature: "matched", probe: "finite-difference" }),
  variant("mapga", { steps: 20 }),
  variant("dps", (p) => ({ clip: false, steps: long(p) })),
  variant("dps (1/σ_y²)", (p) => ({ clip: false, steps: long(p), weight: "bayes" })),
  variant("pigdm", { clip: false }),
  variant("pigdm (score)", { clip: false, guidance: "score", grid: "karras", sigmaMax: 80 }),
  variant("exact-covariance", (p) => ({ clip: false, sigmaMax: 80, cgSteps: Math.min(8, p.factors.s.length) })),
  variant("ddrm"),
  variant("ddnm"),
  variant("mcg", (p) => ({ clip: false, steps: long(p) })),
  variant("mpgd (ζ=0.5)", { clip: false, zeta: 0.5 }),
  variant("diffpir", { clip: false }),
  variant("diffpir (Bayes ρ, ζ=1)", { clip: false, rho: "paper", zeta: 1 }),
  variant("daps", { steps: 100, sampler: "exact" }),
  variant("daps (τ=σ_y)", { steps: 100, sampler: "exact", tau: "sigmaY" }),
  variant("pnp-flow", { steps: 60 }),
  variant("ot-ode"),
];

/** How a solver is run: its variants, or its defaults without clipping when none are listed. */
export function variantsOf(solver: Solver): readonly Variant[] {
  const own = variants.filter((v) => v.solver === solver.name);
  if (own.length > 0) return own;
  const names = "shape" in solver.options ? Object.keys(solver.options.shape as object) : [];
  return [variant(solver.name, names.includes("clip") ? { clip: false } : {}, solver.name)];
}
