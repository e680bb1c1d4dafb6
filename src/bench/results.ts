import { arch, cpus, platform, totalmem } from "node:os";
import type { Cell } from "./cell.ts";
import { describeNoise } from "./measurement.ts";
import type { Plan } from "./plan.ts";
import { type SummaryRow, summarize } from "./summary.ts";

/** Everything that a bench found, as plain data: what results.json holds and the report is made of. */
export interface BenchResults {
  readonly "tweedie-bench": 1;
  readonly name: string;
  readonly description?: string;
  readonly finished: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly threads: number; readonly memory: number };
  /** Seeds of the measurements' and the solvers' noise. */
  readonly seed: number;
  readonly solverSeed: number;
  readonly lpips?: { readonly net: string; readonly weights: string };
  readonly priors: readonly { readonly name: string; readonly description: string; readonly sha256: string }[];
  readonly images: readonly { readonly name: string; readonly pictures: readonly string[] }[];
  readonly tasks: readonly { readonly name: string; readonly operator: unknown; readonly noise: string }[];
  /** Every option of every solver, by task. */
  readonly solvers: readonly SolverSettings[];
  /** Cells that are still to be computed. */
  readonly missing: number;
  readonly summary: readonly SummaryRow[];
  readonly cells: readonly Cell[];
}

export interface SolverSettings {
  readonly label: string;
  readonly solver: string;
  readonly from: string;
  readonly reference?: string;
  readonly sampler?: boolean;
  readonly options: readonly { readonly task: string; readonly options: Readonly<Record<string, unknown>> }[];
}

export interface Circumstances {
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
  readonly missing: number;
  readonly lpips?: { readonly net: string; readonly weights: string };
}

export function collectResults(plan: Plan, cells: readonly Cell[], c: Circumstances): BenchResults {
  const { spec, priors, groups } = plan;
  return {
    "tweedie-bench": 1,
    name: spec.name,
    description: spec.description,
    finished: new Date().toISOString(),
    versions: c.versions,
    machine: {
      cpu: `${cpus()[0]?.model.trim() ?? "unknown"} (${platform()} ${arch()})`,
      cores: cpus().length,
      threads: c.threads,
      memory: totalmem(),
    },
    seed: spec.seed,
    solverSeed: spec.solverSeed,
    ...(c.lpips ? { lpips: { net: c.lpips.net, weights: c.lpips.weights } } : {}),
    priors: priors.map(({ name, prior }) => ({ name, description: prior.card.description, sha256: prior.hash })),
    images: spec.images.map(({ name }) => ({
      name,
      pictures: unique(
        groups.filter((g) => g.set === name).flatMap((g) => g.pictures.map((p) => `${p.name} ${p.width}x${p.height}`)),
      ),
    })),
    tasks: spec.tasks.map(({ name, operator, noise }) => ({ name, operator, noise: describeNoise(noise) })),
    solvers: spec.solvers.map((entry) => settingsOf(plan, entry.label)),
    missing: c.missing,
    summary: summarize(plan, cells),
    cells,
  };
}

function settingsOf({ spec, groups }: Plan, label: string): SolverSettings {
  const entry = spec.solvers.find((s) => s.label === label) as Plan["spec"]["solvers"][number];
  const rows = groups.flatMap((group) =>
    group.rows.flatMap(({ solver, method }) =>
      solver.label === label && method.kind === "solver" ? [{ task: group.task.name, method }] : [],
    ),
  );
  const from = entry.paper ? "paper" : entry.preset ? `preset ${entry.preset}` : "defaults";
  const tasks = unique(rows.map(({ task }) => task));
  return {
    label,
    solver: entry.solver,
    from: entry.options ? `${from} and own options` : from,
    reference: rows[0]?.method.solver.reference,
    sampler: rows[0]?.method.solver.sampler,
    options: tasks.map((task) => ({
      task,
      options: rows.find((row) => row.task === task)?.method.options ?? {},
    })),
  };
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

const columns = [
  "prior",
  "set",
  "task",
  "picture",
  "solver",
  "psnr",
  "ssim",
  "msSsim",
  "lpips",
  "residualRatio",
  "residualRms",
  "forwards",
  "vjps",
  "encodes",
  "encodeVjps",
  "decodes",
  "decodeVjps",
  "steps",
  "seconds",
  "compileSeconds",
  "cpuSeconds",
  "networkSeconds",
  "peakMemory",
  "failure",
] as const;

/** One line a cell, by RFC 4180; absent values are empty, an exact reproduction's PSNR is "inf". */
export function toCsv(cells: readonly Cell[]): string {
  const value = (cell: Cell, name: (typeof columns)[number]): string => {
    if (name === "lpips") return String(cell.lpips?.value ?? "");
    if (name === "psnr" && cell.psnr === null) return "inf";
    return String(cell[name] ?? "");
  };
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = cells.map((cell) => columns.map((name) => quoted(value(cell, name))).join(","));
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}
