import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Engine } from "../../engine/index.ts";
import { TweedieError } from "../../errors.ts";
import { writeAtomic } from "../../node/files.ts";
import { fnv1a } from "../../random/stream.ts";
import { type CellSettings, cellKey } from "../cell.ts";
import { createSimulator } from "../measurement.ts";
import type { BenchPicture } from "../pictures.ts";
import { checkSelection, type Group, type Plan, type Row, type Selection, selectedCells } from "../plan.ts";
import { type CalibrationCase, calibrate } from "./calibrate.ts";
import { type Calibration, type Coverage, pool } from "./coverage.ts";

export interface CalibrationRow {
  readonly prior: string;
  readonly set: string;
  readonly task: string;
  readonly solver: string;
  /** Absent where there is nothing to measure; `reason` says why. */
  readonly calibration?: Calibration;
  readonly reason?: string;
}

export interface CalibrationProgress {
  readonly done: number;
  readonly total: number;
  readonly task: string;
  readonly solver: string;
  readonly picture: string;
  /** Of the picture's samples. */
  readonly share: number;
}

export interface CalibrateRequest {
  readonly plan: Plan;
  /** K for each picture. */
  readonly samples: number;
  /** Where finished pictures are kept. */
  readonly folder: string;
  readonly engine: Engine;
  readonly selection?: Selection;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CalibrationProgress) => void;
}

export interface CalibrationOutcome {
  readonly rows: readonly CalibrationRow[];
  /** Pictures, over all rows, that are still to be done. */
  readonly missing: number;
  readonly stopped: boolean;
}

const coverageSchema = z.object({
  covered: z.array(z.number()),
  ranks: z.array(z.number()),
  spread: z.number(),
  error: z.number(),
  pixels: z.number(),
});

interface Todo {
  readonly group: Group;
  readonly row: Row;
  readonly work: readonly { readonly picture: BenchPicture; readonly path: string; readonly known?: Coverage }[];
}

/**
 * Coverage of each solver of a plan that draws samples, on each task; finished pictures are kept and not done again.
 * Solvers that seek one picture have no intervals.
 */
export async function runCalibration(request: CalibrateRequest): Promise<CalibrationOutcome> {
  const { plan, samples, signal, selection = {} } = request;
  checkSelection(plan, selection);
  const folder = join(request.folder, "calibration");
  await mkdir(folder, { recursive: true });
  const todo: Todo[] = [];
  for (const group of plan.groups)
    for (const row of group.rows) {
      if (unfit(row) !== undefined) continue;
      const work: Todo["work"][number][] = [];
      for (const { picture, key } of selectedCells(group, row, selection)) {
        const settings: CellSettings = { calibration: 1, cell: key, samples };
        const path = join(folder, `${cellKey(settings)}.json`);
        work.push({ picture, path, known: await readCoverage(path) });
      }
      todo.push({ group, row, work });
    }
  const total = todo.reduce((sum, { work }) => sum + work.filter(({ known }) => !known).length, 0);
  let done = 0;
  const report = (t: Todo, picture: string, share: number) =>
    request.onProgress?.({ done, total, task: t.group.task.name, solver: t.row.solver.label, picture, share });
  const found = new Map<string, Coverage>();
  for (const t of todo) {
    const open = t.work.filter(({ known }) => !known);
    for (const { path, known } of t.work) if (known) found.set(path, known);
    if (open.length === 0 || signal?.aborted) continue;
    await measure(
      t,
      open,
      request,
      (index, share) => report(t, open[index].picture.name, share),
      async (index, coverage) => {
        await writeAtomic(open[index].path, `${JSON.stringify(coverage)}\n`);
        found.set(open[index].path, coverage);
        done++;
      },
    ).catch((error: unknown) => {
      if (!(signal?.aborted && error instanceof TweedieError && error.code === "aborted")) throw error;
    });
  }
  return { rows: summarize(plan, todo, found, samples), missing: total - done, stopped: signal?.aborted ?? false };
}

/** Why a row has no coverage. */
function unfit({ method }: Row): string | undefined {
  if (method.kind === "none") return method.reason;
  if (method.kind === "classical") return "gives one estimate";
  return method.solver.sampler ? undefined : "seeks one picture, draws no samples";
}

async function measure(
  { group, row }: Todo,
  open: Todo["work"],
  { plan, engine, samples, signal }: CalibrateRequest,
  onProgress: (index: number, share: number) => void,
  onCase: (index: number, coverage: Coverage) => Promise<void>,
): Promise<void> {
  const { operator, sigmaY, task, prior } = group;
  if (row.method.kind !== "solver") return;
  const { solver, options } = row.method;
  const simulator = await createSimulator(operator, task.noise, plan.spec.seed, engine, signal);
  const cases: CalibrationCase[] = [];
  try {
    for (const { picture } of open)
      cases.push({
        truth: picture.data,
        measurement: await simulator.measure(picture),
        seed: (plan.spec.solverSeed + fnv1a(picture.name) * 2 ** 20) % Number.MAX_SAFE_INTEGER,
      });
  } finally {
    await simulator.dispose();
  }
  const setting = { solver, options, operator, sigmaY, prior: prior.prior, engine, samples, signal, onProgress };
  await calibrate(cases, setting, onCase);
}

function summarize(
  plan: Plan,
  todo: readonly Todo[],
  found: ReadonlyMap<string, Coverage>,
  samples: number,
): CalibrationRow[] {
  const rows = new Map<string, CalibrationRow>();
  for (const group of plan.groups)
    for (const row of group.rows) {
      const names = { prior: group.prior.name, set: group.set, task: group.task.name, solver: row.solver.label };
      const key = JSON.stringify(names);
      if (rows.has(key)) continue;
      const own = todo.filter(
        (t) =>
          t.row.solver === row.solver &&
          t.group.prior === group.prior &&
          t.group.set === group.set &&
          t.group.task === group.task,
      );
      const parts = own.flatMap(({ work }) => work.flatMap(({ path }) => found.get(path) ?? []));
      const reason = unfit(row);
      if (reason === undefined && parts.length === 0) continue;
      rows.set(key, { ...names, ...(reason === undefined ? { calibration: pool(parts, samples) } : { reason }) });
    }
  return [...rows.values()];
}

async function readCoverage(path: string): Promise<Coverage | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return coverageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
