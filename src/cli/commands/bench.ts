import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import {
  type BenchProgress,
  type BenchResults,
  collectResults,
  describeResults,
  planBench,
  readBenchFile,
  renderReport,
  runBench,
  type Selection,
  toCsv,
} from "../../bench/index.ts";
import { createEngine } from "../../engine/index.ts";
import { writeAtomic } from "../../node/files.ts";
import { loadLpips } from "../../node/lpips.ts";
import { type RawOptions, readOption } from "../arguments.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { versions } from "../manifest.ts";
import { duration } from "../progress.ts";
import { onInterrupt } from "../signals.ts";
import { StatusLine } from "../status-line.ts";
import type { Terminal } from "../terminal.ts";

/** `bench run`: computes what is missing, then writes results.json, results.csv and report.html. */
export async function runBenchFile(file: string, raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const folder = readOption(raw, "output") ?? `${basename(file, extname(file))}.bench`;
  const threads = readOption(raw, "threads");
  const selection = readSelection(raw);
  if (raw.fresh && raw.report)
    throw new UsageError({ what: "--report", expected: "no --fresh beside it", got: "both" });
  const status = new StatusLine(terminal.err, raw.json === true);
  const interrupt = onInterrupt(() => status.line("stopping after this step … (once more to quit at once)"));
  const { signal } = interrupt;
  try {
    const spec = await readBenchFile(file);
    const used = versions();
    const plan = await planBench(spec, {
      versions: { tweedie: used.tweedie, onnxruntime: used.onnxruntime },
      signal,
    });
    await mkdir(folder, { recursive: true });
    const engine = await createEngine({ threads });
    try {
      const lpips = typeof raw.lpips === "string" ? await loadLpips(raw.lpips, engine) : undefined;
      const outcome = await runBench({
        plan,
        folder,
        engine,
        selection: raw.report ? { tasks: [] } : selection,
        fresh: raw.fresh === true,
        lpips,
        signal,
        onProgress: (p) => status.update(describeProgress(p)),
      });
      status.update("writing the report");
      const results = collectResults(plan, outcome.cells, {
        versions: { ...used },
        threads: engine.threads,
        missing: outcome.missing,
        lpips,
      });
      const paths = await writeReports(folder, results, await renderReport({ plan, results, folder, engine }));
      status.clear();
      if (raw.json) terminal.out.write(`${JSON.stringify({ ...paths, ...results }, null, 2)}\n`);
      else terminal.out.write(`${describeResults(results)}\n\nreport: ${paths.report}\n`);
      if (!outcome.stopped) return 0;
      const left = `${outcome.missing} of ${outcome.missing + outcome.cells.length} cells are left`;
      terminal.err.write(`tweedie: stopped: ${left}; the same command goes on from here\n`);
      return 1;
    } finally {
      await engine.dispose();
    }
  } finally {
    status.clear();
    interrupt.dispose();
  }
}

/** `--tasks`, `--solvers`, `--priors`, `--images` and `--limit`. @throws UsageError */
export function readSelection(raw: RawOptions): Selection {
  const list = (name: string): string[] | undefined => {
    const text = raw[name];
    if (typeof text !== "string") return undefined;
    const names = text.split(",").map((part) => part.trim());
    if (names.every((part) => part !== "")) return names;
    throw new UsageError({ what: `--${name}`, expected: "names separated by commas", got: text });
  };
  const limit = readOption(raw, "limit");
  return { limit, tasks: list("tasks"), solvers: list("solvers"), priors: list("priors"), images: list("images") };
}

/** "12/340 · box · ddrm · 101085 · step 3/20 · 4 min 10 s left" */
function describeProgress(p: BenchProgress): string {
  const parts = [`${p.done}/${p.total}`, p.task, p.solver, p.picture];
  if (p.steps > 1) parts.push(`step ${p.step}/${p.steps}`);
  if (Number.isFinite(p.secondsLeft)) parts.push(`${duration(p.secondsLeft)} left`);
  return parts.join(" · ");
}

async function writeReports(folder: string, results: BenchResults, report: string) {
  const paths = {
    json: join(folder, "results.json"),
    csv: join(folder, "results.csv"),
    report: join(folder, "report.html"),
  };
  await writeAtomic(paths.json, `${JSON.stringify(results, null, 2)}\n`);
  await writeAtomic(paths.csv, toCsv(results.cells));
  await writeAtomic(paths.report, report);
  return paths;
}
