import { join } from "node:path";
import {
  type BenchProgress,
  type BenchResults,
  collectResults,
  describeResults,
  renderReport,
  runBench,
  toCsv,
} from "../../bench/index.ts";
import { writeAtomic } from "../../node/files.ts";
import { loadLpips } from "../../node/lpips.ts";
import type { BenchArguments } from "../commands/bench.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { print } from "../print.ts";
import { duration } from "../progress.ts";
import type { Terminal } from "../terminal.ts";
import { withBenchFile } from "./bench-session.ts";

/** `bench run`: computes what is missing, then writes results.json, results.csv and report.html. */
export async function runBenchFile(args: BenchArguments, asJson: boolean, terminal: Terminal): Promise<ExitCode> {
  const { fresh, report } = args;
  if (fresh && report) throw new UsageError({ what: "--report", expected: "no --fresh beside it", got: "both" });
  return withBenchFile(
    args,
    asJson,
    terminal,
    async ({ plan, selection, folder, engine, versions, status, signal }) => {
      const lpips = args.lpips === undefined ? undefined : await loadLpips(args.lpips, engine);
      const outcome = await runBench({
        plan,
        folder,
        engine,
        selection: report ? { tasks: [] } : selection,
        fresh,
        lpips,
        signal,
        onProgress: (p) => status.update(describeProgress(p)),
      });
      status.update("writing the report");
      const { cells, missing, stopped } = outcome;
      const results = collectResults(plan, cells, {
        versions: { ...versions },
        threads: engine.threads,
        missing,
        lpips,
      });
      const paths = await writeReports(folder, results, await renderReport({ plan, results, folder, engine }));
      status.clear();
      const text = `${describeResults(results)}\n\nreport: ${paths.report}`;
      print(terminal, asJson, { data: { ...paths, ...results }, text });
      return stopped ? `${missing} of ${missing + cells.length} cells are left` : undefined;
    },
  );
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
