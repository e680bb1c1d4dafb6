import { createOperator } from "../operators/index.ts";
import type { Operator } from "../operators/operator.ts";
import { ancestors, probe } from "../tensor/index.ts";
import { formulate, outputName } from "./formulate.ts";
import type { Solver } from "./solver.ts";

/** What a run asks of the network, in evaluations for each sample. */
export interface SolverCost {
  /** Runs of a formula. */
  readonly runs: number;
  readonly forwards: number;
  readonly vjps: number;
}

/**
 * Counts the network's evaluations in a run of a solver, from its schedule and its formulas, without running it: what
 * `solve()` will report.
 * @param options the solver's options, parsed
 * @param operator plain denoising by default, which every solver of pixels accepts
 */
export function solverCost<O>(
  solver: Solver<O>,
  options: O,
  operator: Operator = smallest(),
  sigmaY = 0.1,
): SolverCost {
  const graphs = formulate({
    solver,
    options,
    operator,
    sigmaY,
    samples: 1,
    denoise: (x, sigma) => probe(x.sin().mul(sigma), "forward"), // any function that has to be differentiated
  });
  const countsOf = (kind: string) => {
    const wanted = [...graphs.stateNames.map((name) => `next.${name}`), "estimate", "residual"];
    const nodes = ancestors(wanted.map((value) => graphs.steps.outputs[outputName(kind, value)]));
    const marks = nodes.flatMap(({ op, attrs }) => (op.name === "probe" ? [(attrs as { label: string }).label] : []));
    return {
      forwards: marks.filter((label) => label === "forward").length,
      vjps: marks.filter((label) => label === "forward'").length,
    };
  };
  const kinds = Object.fromEntries(graphs.kinds.map((kind) => [kind, countsOf(kind)]));
  const schedule = solver.schedule(options, { sigmaY, operator });
  const total = (what: "forwards" | "vjps") => schedule.reduce((sum, { kind }) => sum + kinds[kind][what], 0);
  return { runs: schedule.length, forwards: total("forwards"), vjps: total("vjps") };
}

const smallest = () => createOperator({ name: "denoise" }, { domain: [1, 3, 8, 8] });
