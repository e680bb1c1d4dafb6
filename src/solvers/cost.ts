import { createOperator } from "../operators/index.ts";
import { DECODE, ENCODE, type Operator } from "../operators/operator.ts";
import { FORWARD } from "../priors/prior.ts";
import { probe, type Tensor } from "../tensor/index.ts";
import { ancestors } from "../tensor/ops/index.ts";
import { type Counts, countsOf, sumCounts } from "./counts.ts";
import { formulate, outputName } from "./formulate.ts";
import type { Solver } from "./solver.ts";

/** What a run asks of the networks, in evaluations for each sample. */
export interface SolverCost extends Counts {
  /** Runs of a formula. */
  readonly runs: number;
}

/**
 * Counts the network's evaluations in a run of a solver, from its schedule and its formulas, without running it: what
 * `solve()` will report.
 * @param options the solver's options, parsed
 * @param operator plain denoising by default, which every solver accepts
 */
export function solverCost<O>(
  solver: Solver<O>,
  options: O,
  operator: Operator = solver.needs.latent ? behindDecoder(smallest()) : smallest(),
  sigmaY = 0.1,
): SolverCost {
  const graphs = formulate({
    solver,
    options,
    operator,
    sigmaY,
    samples: 1,
    denoise: (x, sigma) => probe(x.sin().mul(sigma), FORWARD), // any function that has to be differentiated
  });
  const countsOfKind = (kind: string) => {
    const wanted = [...graphs.stateNames.map((name) => `next.${name}`), "estimate", "residual"];
    return countsAbove(wanted.map((value) => graphs.steps.outputs[outputName(kind, value)]));
  };
  const countsAbove = (outputs: readonly Tensor[]) => {
    const marks = ancestors(outputs).flatMap(({ op, attrs, shape }) =>
      op.name === "probe" ? [{ label: (attrs as { label: string }).label, rows: shape[0] ?? 1 }] : [],
    );
    return countsOf((wantedLabel) =>
      marks.filter(({ label }) => label === wantedLabel).reduce((sum, { rows }) => sum + rows, 0),
    );
  };
  const kinds = Object.fromEntries(graphs.kinds.map((kind) => [kind, countsOfKind(kind)]));
  const start = countsAbove(Object.values(graphs.init.outputs));
  const schedule = solver.schedule(options, { sigmaY, operator });
  return { runs: schedule.length, ...sumCounts([start, ...schedule.map(({ kind }) => kinds[kind])]) };
}

const smallest = () => createOperator({ name: "denoise" }, { domain: [1, 3, 8, 8] });

/** A ∘ decode for some autoencoder: any maps that have to be differentiated. */
function behindDecoder(pictures: Operator): Operator {
  const [, channels, height, width] = pictures.domain;
  const decode = (z: Tensor) => probe(z.sin().depthToSpace(2), DECODE);
  const encode = (x: Tensor) => probe(x.sin().spaceToDepth(2), ENCODE);
  return {
    name: "latent",
    domain: [1, 4 * channels, height / 2, width / 2],
    range: pictures.range,
    linear: false,
    normSquared: 1,
    apply: (z) => pictures.apply(decode(z)),
    latent: { pictures, encode, decode },
    toJSON: () => ({ name: "latent" }),
  };
}
