import type { Engine } from "../../engine/index.ts";
import { TweedieError } from "../../errors.ts";
import type { Operator } from "../../operators/operator.ts";
import type { Mixture } from "../../priors/exact.ts";
import { mixturePrior } from "../../priors/index.ts";
import { findSolver, solve } from "../../solvers/index.ts";
import { constant, evaluate, sizeOf } from "../../tensor/index.ts";
import type { Points } from "./sampling.ts";

/** A small problem as the solvers take it. */
export interface ChainProblem {
  readonly prior: Mixture;
  readonly operator: Operator;
  readonly sigmaY: number;
  readonly y: readonly number[];
}

export interface Chains {
  readonly points: Points;
  readonly forwards: number;
  readonly vjps: number;
  readonly seconds: number;
}

export interface ChainOptions {
  readonly engine: Engine;
  readonly solver: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Runs a solver as one batch of independent chains, in float32 on the engine. */
export async function runChains(problem: ChainProblem, request: ChainOptions): Promise<Chains> {
  const { prior, operator, sigmaY, y } = problem;
  const { engine, solver, options, count, seed, signal } = request;
  const measurement = Float32Array.from(y);
  const { pictures, counts, seconds, stopped } = await solve(
    { operator, measurement, sigmaY, prior: mixturePrior(prior), start: firstGuess(operator, y, sigmaY) },
    { solver: findSolver(solver), options, engine, samples: count, seed, signal },
  );
  if (stopped) throw new TweedieError("aborted", { message: "the exact bench was stopped" });
  const dimension = sizeOf(operator.domain);
  return { points: { count, dimension, data: Float64Array.from(pictures) }, seconds, ...counts };
}

/** V Σ(Σ² + σ_y²)⁻¹ Uᵀ y: the posterior mean under N(0, I), as a Wiener filter is for pictures. */
function firstGuess({ svd, domain, range }: Operator, y: readonly number[], sigmaY: number): Float32Array {
  if (!svd) return new Float32Array(sizeOf(domain));
  const s = svd.singularValues;
  const noise = Math.max(sigmaY ** 2, 1e-12);
  const [{ data }] = evaluate([svd.v(svd.ut(constant(y, range, "float32")).mul(s.div(s.square().add(noise))))]);
  return Float32Array.from(data);
}
