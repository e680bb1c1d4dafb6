import type { Engine } from "../../engine/index.ts";
import { TweedieError } from "../../errors.ts";
import { createEngine } from "../../node/engine.ts";
import { listSolvers, type Solver } from "../../solvers/index.ts";
import { missingNeed } from "../../solvers/needs.ts";
import { type ChainProblem, runChains } from "./chains.ts";
import { type Comparison, compare, type Reference, referenceFor } from "./compare.ts";
import { matrixOperator } from "./matrix.ts";
import { checkPredictions, type PredictionRow } from "./predictions.ts";
import {
  createProblem,
  type ExactProblem,
  type Family,
  families,
  type Measured,
  type ProblemChoice,
  problemChoices,
} from "./problems.ts";
import { type Points, sampleMixture } from "./sampling.ts";
import { type Variant, variantsOf } from "./settings.ts";

export interface ExactBenchOptions {
  /** Names of solvers; all of the registry by default. */
  readonly solvers?: readonly string[];
  /** Families of priors; all by default. */
  readonly families?: readonly Family[];
  /** A few small problems with fewer chains: under a minute. */
  readonly quick?: boolean;
  readonly seed?: number;
  /** Engines that work side by side, one thread each; 2 by default. */
  readonly workers?: number;
  /** Stops the bench: it rejects with `aborted`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ExactProgress) => void;
  /** Hears of each row when it is there. */
  readonly onRow?: (row: ExactRow) => void;
}

export interface ExactProgress {
  readonly done: number;
  readonly total: number;
  readonly what: string;
}

/** One solver on one problem. */
export interface ExactRow extends Comparison {
  readonly problem: string;
  readonly family: Family;
  readonly measured: Measured;
  readonly sigmaY: number;
  readonly dimension: number;
  /** A solver's variant, or `exact` for a second set of exact samples: the floor. */
  readonly label: string;
  readonly solver?: string;
  /** Does it draw from a distribution (true) or seek one point (false)? */
  readonly sampler: boolean;
  readonly chains: number;
  readonly forwards: number;
  readonly vjps: number;
  readonly seconds: number;
  /** `diverged`: it left the finite numbers, or ended more than 1000 spreads away; the figures are NaN. */
  readonly status: "done" | "diverged";
}

export interface ExactResults {
  readonly seed: number;
  readonly quick: boolean;
  readonly rows: readonly ExactRow[];
  /** What theory says of a solver, beside what was measured. */
  readonly predictions: readonly PredictionRow[];
  readonly seconds: number;
}

/** What the figures of one problem are compared with. */
interface Prepared {
  readonly problem: ExactProblem;
  readonly chain: ChainProblem;
  readonly reference: Reference;
  readonly second: Points;
}

/**
 * Runs solvers on problems whose posterior is known in closed form. Prints nothing; the same seed gives the same rows.
 * @throws TweedieError `invalid-option` for names of solvers or families that are none, `aborted`
 */
export async function runExactBench(options: ExactBenchOptions = {}): Promise<ExactResults> {
  const { quick = false, seed = 0, workers = 2, signal } = options;
  const begin = performance.now();
  const solvers = chosenSolvers(options.solvers);
  checkFamilies(options.families);
  const choices = problemChoices().filter(
    (choice) => (!quick || isQuick(choice)) && (options.families?.includes(choice.family) ?? true),
  );
  const labels = solvers.flatMap((solver) => variantsOf(solver).map((variant) => ({ solver, variant })));
  const total = choices.length * labels.length;
  const engines = await Promise.all(Array.from({ length: workers }, () => createEngine({ threads: 1 })));
  let done = 0;
  const rows: ExactRow[] = [];
  try {
    for (const choice of choices) {
      throwIfAborted(signal);
      const prepared = prepare(choice, quick, seed);
      const floor = floorRow(prepared);
      options.onRow?.(floor);
      const found: (ExactRow | undefined)[] = new Array(labels.length);
      await inParallel(engines, labels.length, async (engine, i) => {
        throwIfAborted(signal);
        const { solver, variant } = labels[i];
        options.onProgress?.({ done, total, what: `${variant.label} on ${prepared.problem.name}` });
        const row = await runCell(prepared, solver, variant, { engine, quick, seed, signal });
        if (row) options.onRow?.(row);
        found[i] = row;
        done++;
      });
      rows.push(floor, ...found.filter((row) => row !== undefined));
    }
    const names = solvers.map((s) => s.name);
    const predictions = await checkPredictions(names, { engine: engines[0], quick, seed, signal });
    return { seed, quick, rows, predictions, seconds: (performance.now() - begin) / 1000 };
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()));
  }
}

function chosenSolvers(names: readonly string[] | undefined): readonly Solver[] {
  const all = listSolvers();
  for (const name of names ?? []) {
    if (all.some((s) => s.name === name)) continue;
    const expected = all.map((s) => s.name).join(", ");
    throw new TweedieError("invalid-option", { what: "solver", expected: `one of ${expected}`, got: name });
  }
  return names ? all.filter((s) => names.includes(s.name)) : all;
}

function checkFamilies(names: readonly string[] = []): void {
  for (const got of names)
    if (!families.some((family) => family === got))
      throw new TweedieError("invalid-option", { what: "priors", expected: `one of ${families.join(", ")}`, got });
}

/** One well-conditioned Gaussian, one with denoising, one mixture. */
function isQuick({ family, measured, sigmaY }: ProblemChoice): boolean {
  if (sigmaY !== 0.1) return false;
  return family === "correlated-16" ? measured === "identity" : measured === "well" && /-2$/.test(family);
}

function prepare(choice: ProblemChoice, quick: boolean, seed: number): Prepared {
  const problem = createProblem(choice);
  const count = chainCount(problem, quick);
  const { factors, measurement, posterior, prior } = problem;
  const operator = matrixOperator(factors, problem.measured === "identity" ? "denoise" : "matrix");
  return {
    problem,
    chain: { prior, operator, sigmaY: measurement.sigmaY, y: measurement.y },
    reference: referenceFor(posterior, sampleMixture(posterior, count, 1000 + seed)),
    second: sampleMixture(posterior, count, 2000 + seed),
  };
}

const chainCount = ({ dimension }: ExactProblem, quick: boolean) => (quick ? 200 : dimension > 16 ? 200 : 600);

/** Chains of a solver that seeks one point differ little. */
const pointChains = 60;

async function runCell(
  { problem, chain, reference }: Prepared,
  solver: Solver,
  variant: Variant,
  { engine, quick, seed, signal }: { engine: Engine; quick: boolean; seed: number; signal?: AbortSignal },
): Promise<ExactRow | undefined> {
  if (missingNeed(solver, chain.operator)) return undefined;
  const count = solver.sampler ? chainCount(problem, quick) : pointChains;
  const facts = {
    ...factsOf(problem),
    label: variant.label,
    solver: solver.name,
    sampler: solver.sampler,
    chains: count,
  };
  try {
    const options = variant.options(problem);
    const run = await runChains(chain, { engine, solver: solver.name, options, count, seed, signal });
    const { points, ...counts } = run;
    const figures = compare(points, reference);
    if (!(figures.slicedWasserstein < 1000)) return { ...facts, ...counts, ...nothing, status: "diverged" };
    return { ...facts, ...counts, ...figures, status: "done" };
  } catch (error) {
    if (!(error instanceof TweedieError) || error.code !== "numerical-failure") throw error;
    return { ...facts, forwards: 0, vjps: 0, seconds: 0, ...nothing, status: "diverged" };
  }
}

const nothing: Comparison = {
  meanError: Number.NaN,
  covarianceError: Number.NaN,
  slicedWasserstein: Number.NaN,
  mapError: Number.NaN,
  coverage: Number.NaN,
};

function floorRow({ problem, reference, second }: Prepared): ExactRow {
  const facts = { ...factsOf(problem), label: "exact", sampler: true, chains: second.count };
  return { ...facts, ...compare(second, reference), forwards: 0, vjps: 0, seconds: 0, status: "done" };
}

function factsOf({ name, family, measured, dimension, measurement }: ExactProblem) {
  return { problem: name, family, measured, dimension, sigmaY: measurement.sigmaY };
}

/** Works on jobs 0 … count−1 with every engine at once. */
async function inParallel(
  engines: readonly Engine[],
  count: number,
  work: (engine: Engine, job: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    engines.map(async (engine) => {
      while (next < count) await work(engine, next++);
    }),
  );
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TweedieError("aborted", { message: "the exact bench was stopped" });
}
