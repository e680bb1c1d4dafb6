import "../../node/network-operator.ts"; // registers it
import { alignColumns } from "../../bench/columns.ts";
import { listOperators } from "../../operators/index.ts";
import { solverCost } from "../../solvers/cost.ts";
import { findSolver, listSolvers, parseOptions, type Solver } from "../../solvers/index.ts";
import { listOptions } from "../expectation.ts";
import type { Described } from "../print.ts";
import { digits } from "../progress.ts";
import { plural } from "../report.ts";

interface SolverFacts {
  readonly name: string;
  readonly reference: string;
  readonly needs: Solver["needs"];
  readonly sampler: boolean;
  /** Of a run with the solver's own defaults; a step is a noise level or an iteration, as the option `steps` counts. */
  readonly steps: number;
  readonly forwardsPerStep: number;
  readonly vjpsPerStep: number;
  /** Passes through a latent prior's autoencoder, and derivatives of them. */
  readonly autoencoderPerStep: number;
}

function describe(solver: Solver): SolverFacts {
  const { name, reference, needs, sampler } = solver;
  const options = parseOptions(solver, {});
  const { runs, forwards, vjps, ...autoencoder } = solverCost(solver, options);
  const passes = Object.values(autoencoder).reduce((sum, n) => sum + n, 0);
  const given = (options as { steps?: unknown }).steps;
  const steps = typeof given === "number" ? given : runs;
  return {
    name,
    reference,
    needs,
    sampler,
    steps,
    forwardsPerStep: forwards / steps,
    vjpsPerStep: vjps / steps,
    autoencoderPerStep: passes / steps,
  };
}

const needsInWords = ({ needs }: Pick<Solver, "needs">): string =>
  [
    needs.latent && "latent prior",
    needs.vjp && "VJP",
    needs.identity ? "plain denoising" : needs.linear && "linear",
    needs.pseudoInverse && "pseudo-inverse",
    needs.svd && "SVD",
  ]
    .filter(Boolean)
    .join(", ") || "nothing";

function costInWords({ steps, forwardsPerStep, vjpsPerStep, autoencoderPerStep: passes }: SolverFacts): string {
  const parts = [`${digits(forwardsPerStep)} F`, ...(vjpsPerStep > 0 ? [`${digits(vjpsPerStep)} V`] : [])];
  if (passes > 0) parts.push(`${digits(passes)} A`);
  return `${steps} × ${parts.join(" + ")}`;
}

/** Every solver in a line. */
export function describeSolvers(): Described {
  const all = listSolvers().map(describe);
  const rows = all.map((d) => [d.name, needsInWords(d), d.sampler ? "sample" : "point", costInWords(d), d.reference]);
  const legend = [
    "needs    VJP: derivatives through the network; the rest is asked of the measurement operator",
    "gives    a sample (another one for each seed) or one point",
    "costs    network evaluations with the solver's own defaults: F forwards, V vector-Jacobian products a step,",
    "         A passes through a latent prior's autoencoder, their derivatives included",
    "hint: tweedie solvers NAME lists a solver's options",
  ];
  return {
    data: all,
    text: [...alignColumns([["solver", "needs", "gives", "costs", "reference"], ...rows]), "", ...legend].join("\n"),
  };
}

/** A solver with its options. @throws {TweedieError} invalid-option: there is none of this name */
export function describeSolver(name: string): Described {
  const solver = findSolver(name);
  const described = describe(solver);
  const options = listOptions(solver.options);
  const forTask = settingsByTask((task) => solver.forTask?.(task) ?? {});
  const forLatents = settingsByTask((task) => {
    const settings = solver.forTask?.(task, true) ?? {};
    return JSON.stringify(settings) === JSON.stringify(forTask[task] ?? {}) ? {} : settings;
  });
  const total = [plural(described.steps * described.forwardsPerStep, "network forward")];
  if (described.vjpsPerStep > 0) total.push(plural(described.steps * described.vjpsPerStep, "VJP"));
  const table = (title: string, byTask: SettingsByTask) => {
    const rows = Object.entries(byTask).map(([task, values]) => [task, assignments(values)]);
    return rows.length > 0 ? [title, ...alignColumns(rows).map((line) => `  ${line}`)] : [];
  };
  if (described.autoencoderPerStep > 0)
    total.push(`${Math.round(described.steps * described.autoencoderPerStep)} passes through the autoencoder`);
  const text = [
    `${name}: ${solver.reference}`,
    ...alignColumns([
      ["needs", needsInWords(solver)],
      ["gives", solver.sampler ? "a sample, another one for each seed" : "one point"],
      ["costs", `${plural(described.steps, "step")}, ${total.join(", ")} with the defaults below`],
    ]).map((line) => `  ${line}`),
    "options (--option KEY=VALUE; the defaults are the paper's, a preset changes some)",
    ...alignColumns(
      options.map(({ key, initial, expected }) => [
        initial === undefined ? key : `${key}=${JSON.stringify(initial)}`,
        expected,
      ]),
    ).map((line) => `  ${line}`),
    ...table("published settings by task", forTask),
    ...table("published settings by task for latent priors", forLatents),
  ];
  return { data: { ...described, options, forTask, forLatents }, text: text.join("\n") };
}

type SettingsByTask = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Of the tasks that have some. */
function settingsByTask(settingsOf: (task: string) => Readonly<Record<string, unknown>>): SettingsByTask {
  const all = listOperators().map(({ name }) => [name, settingsOf(name)] as const);
  return Object.fromEntries(all.filter(([, settings]) => Object.keys(settings).length > 0));
}

const assignments = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(" ");
