import { readFile } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import * as z from "zod";
import { TweedieError } from "../errors.ts";
import { listOperators, type NoiseModel, noiseSchema } from "../operators/index.ts";

import { parse } from "../schema.ts";
import { findSolver } from "../solvers/index.ts";
import { placeSpec } from "./place.ts";

/** The classical estimate of the operator itself, in the place of a solver. */
export const CLASSICAL = "classical";

const names = z.array(z.string().min(1)).min(1);
const count = z.int().positive();

/** A standard deviation on the 0..1 scale, as 0.05 or "12.75/255", or a kind of noise with its strength. */
const taskNoiseSchema = z
  .union([
    z.number().min(0).max(1),
    z.string().regex(/^\d*\.?\d+\/\d*\.?\d+$/, "a quotient such as 25/255"),
    noiseSchema,
  ])
  .transform((given): NoiseModel => {
    if (typeof given === "object") return given;
    const [above, below] = typeof given === "number" ? [given, 1] : given.split("/").map(Number);
    return { kind: "gaussian", sigma: above / below };
  });

const priorSchema = z.union([
  z.string().min(1),
  z.strictObject({
    /** How tables call it; the model's own name by default. */
    name: z.string().min(1).optional(),
    /** An embedded prior, or a file relative to the bench file. */
    model: z.string().min(1),
    /** Names of the picture sets that it is tried on; all by default. */
    images: names.optional(),
    /** Names of the tasks that it is tried on; all by default. */
    tasks: names.optional(),
  }),
]);

const imagesSchema = z.union([
  z.string().min(1),
  z.strictObject({
    /** The folder's own name by default. */
    name: z.string().min(1).optional(),
    /** Relative to the bench file. */
    folder: z.string().min(1),
    /** So many, evenly spread over the folder in the order of the names. */
    limit: count.optional(),
    /** These file names alone. */
    files: names.optional(),
    /** The middle square of this side; whole pictures by default. */
    crop: count.optional(),
  }),
]);

const taskSchema = z.strictObject({
  name: z.string().min(1),
  /** The measurement operator by its registered name and options. "1/3 h" and "1/4 w" stand for parts of the picture. */
  operator: z.looseObject({ name: z.string() }),
  noise: taskNoiseSchema.default({ kind: "gaussian", sigma: 0.01 }),
  /** Names of the picture sets; all by default. */
  images: names.optional(),
  /** Labels of the solvers; all by default. */
  solvers: names.optional(),
});

const solverSchema = z.union([
  z.string().min(1),
  z.strictObject({
    solver: z.string().min(1),
    /** How tables call it; must be unique. */
    label: z.string().min(1).optional(),
    preset: z.enum(["fast", "balanced", "best"]).optional(),
    /** The settings of the paper or its official code for the task. */
    paper: z.boolean().optional(),
    /** Options of the solver, over those of the preset or the paper. */
    options: z.record(z.string(), z.unknown()).optional(),
    /** Names of the tasks that it is tried on; all by default. */
    tasks: names.optional(),
  }),
]);

const fileSchema = z.strictObject({
  name: z.string().min(1).optional(),
  description: z.string().optional(),
  /** Seed of the measurements' noise. */
  seed: z.int().min(0).default(2026),
  /** Seed of the solvers' own noise. */
  solverSeed: z.int().min(0).default(1),
  priors: z.array(priorSchema).min(1).default(["natural"]),
  images: z.array(imagesSchema).min(1),
  tasks: z.array(taskSchema).min(1),
  solvers: z.array(solverSchema).min(1),
  /** How many pictures of each set the report shows. */
  strips: z.int().min(0).default(2),
});

export interface PriorEntry {
  readonly name?: string;
  readonly model: string;
  readonly images?: readonly string[];
  readonly tasks?: readonly string[];
}

export interface ImagesEntry {
  readonly name: string;
  readonly folder: string;
  readonly limit?: number;
  readonly files?: readonly string[];
  readonly crop?: number;
}

export type TaskEntry = z.output<typeof taskSchema>;

export interface SolverEntry {
  readonly label: string;
  readonly solver: string;
  readonly preset?: "fast" | "balanced" | "best";
  readonly paper?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly tasks?: readonly string[];
}

/** What a bench file asks for, with every default filled in and every path absolute. */
export interface BenchSpec {
  readonly name: string;
  readonly description?: string;
  readonly seed: number;
  readonly solverSeed: number;
  readonly priors: readonly PriorEntry[];
  readonly images: readonly ImagesEntry[];
  readonly tasks: readonly TaskEntry[];
  readonly solvers: readonly SolverEntry[];
  readonly strips: number;
}

/** @throws TweedieError `missing-file`, or `invalid-option` that names the field at fault */
export async function readBenchFile(path: string): Promise<BenchSpec> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new TweedieError("missing-file", { what: path, expected: "a bench file (JSON)", got: "no such file", cause });
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : "no JSON";
    throw new TweedieError("invalid-option", { what: path, expected: "a bench file in JSON", got, cause });
  }
  return parseBench(data, path);
}

/**
 * Checks a bench file's content.
 * @param path the file's own path: relative folders and models are found from there
 * @throws TweedieError `invalid-option` that names the field at fault
 */
export function parseBench(data: unknown, path: string): BenchSpec {
  const file = parse(fileSchema, data, basename(path));
  const from = (relative: string) => resolve(dirname(path), relative);
  const spec: BenchSpec = {
    name: file.name ?? basename(path, extname(path)),
    description: file.description,
    seed: file.seed,
    solverSeed: file.solverSeed,
    priors: file.priors.map((entry) => {
      const prior = typeof entry === "string" ? { model: entry } : entry;
      return { ...prior, model: /[./\\]/.test(prior.model) ? from(prior.model) : prior.model };
    }),
    images: file.images.map((entry) => {
      const images = typeof entry === "string" ? { folder: entry } : entry;
      const folder = from(images.folder);
      return { ...images, name: ("name" in images && images.name) || basename(folder), folder };
    }),
    tasks: file.tasks,
    solvers: file.solvers.map(solverEntry),
    strips: file.strips,
  };
  checkNames(spec);
  return spec;
}

function solverEntry(entry: z.output<typeof solverSchema>): SolverEntry {
  const given = typeof entry === "string" ? { solver: entry, preset: "balanced" as const } : entry;
  if (given.solver !== CLASSICAL) findSolver(given.solver);
  const { preset, paper, options } = given as Exclude<typeof entry, string>;
  if (preset && paper)
    throw new TweedieError("invalid-option", {
      what: `solver ${given.solver}`,
      expected: "a preset or the paper's settings",
      got: "both",
      hint: "make two entries of it",
    });
  if (given.solver === CLASSICAL) return { ...given, preset: undefined, label: labelOf(given) ?? CLASSICAL };
  const suffix = paper
    ? " (paper)"
    : preset && preset !== "balanced"
      ? ` (${preset})`
      : options && !preset
        ? " (own)"
        : "";
  return { ...given, label: labelOf(given) ?? `${given.solver}${suffix}` };
}

const labelOf = (entry: object): string | undefined => ("label" in entry ? (entry.label as string) : undefined);

/** Names are what results are found by: each must be there once, and each reference must lead somewhere. */
function checkNames({ priors, images, tasks, solvers }: BenchSpec): void {
  const sets = unique(
    "picture set",
    images.map(({ name }) => name),
  );
  const taskNames = unique(
    "task",
    tasks.map(({ name }) => name),
  );
  const labels = unique(
    "solver label",
    solvers.map(({ label }) => label),
  );
  for (const { model, images: use, tasks: tried } of priors) {
    refer(`prior ${model}, images`, use, sets);
    refer(`prior ${model}, tasks`, tried, taskNames);
  }
  for (const { label, tasks: tried } of solvers) refer(`solver ${label}, tasks`, tried, taskNames);
  const operators = listOperators().map(({ name }) => name);
  for (const { name, operator, images: use, solvers: by } of tasks) {
    refer(`task ${name}, images`, use, sets);
    refer(`task ${name}, solvers`, by, labels);
    refer(`task ${name}, operator`, [operator.name], operators);
    placeSpec(operator, 64, 64); // its parts of the picture must be readable
  }
}

function unique(what: string, given: readonly string[]): readonly string[] {
  const twice = given.find((name, i) => given.indexOf(name) !== i);
  if (twice === undefined) return given;
  throw new TweedieError("invalid-option", { what, expected: "a name of its own for each", got: `${twice} twice` });
}

function refer(what: string, references: readonly string[] | undefined, known: readonly string[]): void {
  const missing = references?.find((name) => !known.includes(name));
  if (missing === undefined) return;
  throw new TweedieError("invalid-option", { what, expected: `one of ${known.join(", ")}`, got: missing });
}
