import { TweedieError } from "../errors.ts";
import { loadPrior } from "../node/models.ts";
import { createOperator, type Operator } from "../operators/index.ts";
import type { Prior } from "../priors/index.ts";
import { settingsFor } from "../settings/index.ts";
import { findSolver, missingFor, parseOptions, type Solver } from "../solvers/index.ts";
import { type CellSettings, cellKey } from "./cell.ts";
import { toldSigma } from "./measurement.ts";
import { type BenchPicture, readPictures } from "./pictures.ts";
import { placeSpec } from "./place.ts";
import { type BenchSpec, CLASSICAL, type SolverEntry, type TaskEntry } from "./spec.ts";

export interface LoadedPrior {
  /** How tables call it. */
  readonly name: string;
  readonly prior: Prior;
}

/** What one row of the plan runs: a solver with all of its options, or the classical estimate. */
export type Method =
  | { readonly kind: "classical" }
  | { readonly kind: "solver"; readonly solver: Solver; readonly options: Readonly<Record<string, unknown>> }
  /** A combination that cannot work, and why. */
  | { readonly kind: "none"; readonly reason: string };

/** One solver on the pictures of one size of one set, for one task: one compiled program. */
export interface Row {
  readonly solver: SolverEntry;
  readonly method: Method;
  readonly cells: readonly { readonly picture: BenchPicture; readonly key: string }[];
}

/** All rows that share a prior, a measurement operator and its noise: they see the same measurements. */
export interface Group {
  readonly prior: LoadedPrior;
  readonly task: TaskEntry;
  readonly set: string;
  readonly operator: Operator;
  /** Noise on the [-1, 1] scale. */
  readonly sigmaY: number;
  readonly pictures: readonly BenchPicture[];
  readonly rows: readonly Row[];
}

export interface Plan {
  readonly spec: BenchSpec;
  readonly priors: readonly LoadedPrior[];
  readonly groups: readonly Group[];
}

export interface PlanOptions {
  /** Program versions, which are part of every cell's settings. */
  readonly versions: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Everything that a bench file asks for, before anything is computed: wrong options, models and pictures are found here.
 * @throws TweedieError as the parts do: `invalid-option`, `missing-file`, `invalid-model`, `aborted`, …
 */
export async function planBench(spec: BenchSpec, { versions, signal }: PlanOptions): Promise<Plan> {
  const priors: LoadedPrior[] = [];
  const groups: Group[] = [];
  for (const entry of spec.priors) {
    const prior = await loadPrior(entry.model, { signal });
    const { channels } = prior;
    if (channels !== 1 && channels !== 3)
      throw new TweedieError("invalid-model", {
        what: `prior ${prior.name}`,
        expected: "a prior for pictures of 1 or 3 channels",
        got: String(channels),
      });
    const loaded = { name: entry.name ?? prior.name, prior };
    priors.push(loaded);
    for (const images of spec.images) {
      if (entry.images && !entry.images.includes(images.name)) continue;
      const pictures = await readPictures(images, channels, signal);
      for (const task of spec.tasks) {
        if (entry.tasks && !entry.tasks.includes(task.name)) continue;
        if (task.images && !task.images.includes(images.name)) continue;
        for (const alike of bySize(pictures)) groups.push(planGroup(spec, loaded, task, images.name, alike, versions));
      }
    }
  }
  const names = priors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TweedieError("invalid-option", { what: "prior", expected: "a name of its own for each", got: twice });
  return { spec, priors, groups };
}

function bySize(pictures: readonly BenchPicture[]): readonly (readonly BenchPicture[])[] {
  const sizes = new Map<string, BenchPicture[]>();
  for (const picture of pictures) {
    const size = `${picture.width}x${picture.height}`;
    sizes.set(size, [...(sizes.get(size) ?? []), picture]);
  }
  return [...sizes.values()];
}

function planGroup(
  spec: BenchSpec,
  prior: LoadedPrior,
  task: TaskEntry,
  set: string,
  pictures: readonly BenchPicture[],
  versions: Readonly<Record<string, string>>,
): Group {
  const [{ width, height, channels }] = pictures;
  const operator = createOperator(placeSpec(task.operator, height, width), { domain: [1, channels, height, width] });
  const sigmaY = 2 * toldSigma(task.noise);
  const wanted = spec.solvers.filter(
    ({ label, tasks }) => (!tasks || tasks.includes(task.name)) && (!task.solvers || task.solvers.includes(label)),
  );
  const rows = wanted.map((solver): Row => {
    const method = methodOf(solver, operator, sigmaY, prior.prior);
    const cells = pictures.map((picture) => {
      const settings: CellSettings = {
        versions,
        prior: prior.prior.hash,
        picture: [picture.set, picture.name, picture.sha256],
        operator: operator.toJSON(),
        domain: operator.domain,
        noise: task.noise,
        sigmaY,
        seed: spec.seed,
        ...(method.kind === "solver"
          ? { solver: method.solver.name, options: method.options, solverSeed: spec.solverSeed }
          : { solver: method.kind }),
      };
      return { picture, key: cellKey(settings) };
    });
    return { solver, method, cells };
  });
  return { prior, task, set, operator, sigmaY, pictures, rows };
}

/** The solver and its options for a task, as a bench file's entry asks for them. */
export function methodOf(entry: SolverEntry, operator: Operator, sigmaY: number, prior: Prior): Method {
  if (entry.solver === CLASSICAL) return { kind: "classical" };
  const solver = findSolver(entry.solver);
  const missing = missingFor(solver, operator, prior);
  if (missing) return { kind: "none", reason: `needs ${missing}` };
  const latent = prior.latent !== undefined;
  const base = entry.preset
    ? settingsFor({ operator: operator.name, sigmaY, prior, preset: entry.preset, solver }).options
    : ((entry.paper && solver.forTask?.(operator.name, latent)) ?? {});
  const options = parseOptions(solver, { ...base, ...entry.options }) as Readonly<Record<string, unknown>>;
  return { kind: "solver", solver, options };
}

/** What decides whether a row is to be computed now. */
export interface Selection {
  readonly tasks?: readonly string[];
  readonly solvers?: readonly string[];
  readonly priors?: readonly string[];
  readonly images?: readonly string[];
  /** The first so many pictures of each set. */
  readonly limit?: number;
}

/** The cells of a row that are to be computed now. */
export function selectedCells(group: Group, row: Row, chosen: Selection): Row["cells"] {
  if (!isSelected(group, row, chosen)) return [];
  const { limit = Number.POSITIVE_INFINITY } = chosen;
  return row.cells.filter(({ picture }) => picture.index < limit);
}

function isSelected({ prior, task, set }: Group, { solver }: Row, chosen: Selection): boolean {
  const has = (list: readonly string[] | undefined, ...names: string[]) =>
    !list || names.some((name) => list.includes(name));
  return (
    has(chosen.tasks, task.name) &&
    has(chosen.solvers, solver.label, solver.solver) &&
    has(chosen.priors, prior.name) &&
    has(chosen.images, set)
  );
}

/** @throws TweedieError `invalid-option` for a name that the bench file does not have */
export function checkSelection({ spec, priors }: Plan, chosen: Selection): void {
  const known: Required<Omit<Selection, "limit">> = {
    tasks: spec.tasks.map(({ name }) => name),
    solvers: spec.solvers.flatMap(({ label, solver }) => [label, solver]),
    priors: priors.map(({ name }) => name),
    images: spec.images.map(({ name }) => name),
  };
  for (const [kind, names] of Object.entries(known)) {
    const wrong = chosen[kind as keyof typeof known]?.find((name) => !names.includes(name));
    if (wrong === undefined) continue;
    const expected = `one of ${[...new Set(names)].join(", ")}`;
    throw new TweedieError("invalid-option", { what: `--${kind}`, expected, got: wrong });
  }
}
