import type { Cell } from "./cell.ts";
import type { Plan } from "./plan.ts";

/** A mean over pictures with its standard error (absent for one picture alone). */
export interface Mean {
  readonly mean: number;
  readonly error?: number;
}

/** What a table shows of one solver on one task: means over the pictures of a set. */
export interface SummaryRow {
  readonly prior: string;
  readonly set: string;
  readonly task: string;
  readonly solver: string;
  readonly pictures: number;
  readonly failures: readonly string[];
  /** Why there is nothing to show. */
  readonly reason?: string;
  readonly means: Readonly<Partial<Record<Measure, Mean>>>;
}

export type Measure =
  | "psnr"
  | "ssim"
  | "msSsim"
  | "lpips"
  | "residualRatio"
  | "residualRms"
  | "forwards"
  | "vjps"
  | "encodes"
  | "encodeVjps"
  | "decodes"
  | "decodeVjps"
  | "seconds"
  | "cpuSeconds"
  | "compileSeconds"
  | "networkShare"
  | "peakMemory";

const measures: Readonly<Record<Measure, (cell: Cell) => number | undefined>> = {
  psnr: (c) => (c.psnr === null ? Number.POSITIVE_INFINITY : c.psnr),
  ssim: (c) => c.ssim,
  msSsim: (c) => c.msSsim,
  lpips: (c) => c.lpips?.value,
  residualRatio: (c) => c.residualRatio,
  residualRms: (c) => c.residualRms,
  forwards: (c) => c.forwards,
  vjps: (c) => c.vjps,
  encodes: (c) => c.encodes,
  encodeVjps: (c) => c.encodeVjps,
  decodes: (c) => c.decodes,
  decodeVjps: (c) => c.decodeVjps,
  seconds: (c) => c.seconds,
  cpuSeconds: (c) => c.cpuSeconds,
  compileSeconds: (c) => c.compileSeconds,
  networkShare: (c) => (c.forwards > 0 && c.cpuSeconds > 0 ? c.networkSeconds / c.cpuSeconds : undefined),
  peakMemory: (c) => c.peakMemory,
};

/** One row for each prior, picture set, task and solver of the plan that has a cell or a reason to have none. */
export function summarize(plan: Plan, cells: readonly Cell[]): SummaryRow[] {
  const rows = new Map<string, SummaryRow>();
  const groups = new Map<string, Cell[]>();
  const nameOf = (...parts: readonly string[]) => parts.join("\u0000");
  for (const cell of cells) {
    const name = nameOf(cell.prior, cell.set, cell.task, cell.solver);
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  for (const { prior, set, task, rows: planned } of plan.groups)
    for (const { solver, method } of planned) {
      const name = nameOf(prior.name, set, task.name, solver.label);
      const own = groups.get(name) ?? [];
      if (rows.has(name) || (own.length === 0 && method.kind !== "none")) continue;
      const good = own.filter(({ failure }) => failure === undefined);
      rows.set(name, {
        prior: prior.name,
        set,
        task: task.name,
        solver: solver.label,
        pictures: good.length,
        failures: own.flatMap(({ failure }) => failure ?? []),
        ...(method.kind === "none" ? { reason: method.reason } : {}),
        means: meansOf(good),
      });
    }
  return [...rows.values()];
}

function meansOf(cells: readonly Cell[]): SummaryRow["means"] {
  return Object.fromEntries(
    Object.entries(measures).flatMap(([name, read]) => {
      const values = cells.flatMap((cell) => read(cell) ?? []);
      return values.length > 0 && values.length === cells.length ? [[name, meanOf(values)]] : [];
    }),
  );
}

export function meanOf(values: readonly number[]): Mean {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  if (n < 2 || !Number.isFinite(mean)) return { mean };
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}
