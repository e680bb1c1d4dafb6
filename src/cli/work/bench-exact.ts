import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ExactResults, exactCsv, exactMarkdown, type Family, runExactBench } from "../../bench/exact/index.ts";
import { writeAtomic } from "../../node/files.ts";
import type { ExactArguments } from "../commands/bench.ts";
import type { ExitCode } from "../errors.ts";
import { StatusLine } from "../progress.ts";
import { type Interrupt, interruptible } from "../signals.ts";
import type { Terminal } from "../terminal.ts";

/** `bench exact`: every solver on posteriors that are known in closed form. */
export async function runBenchExact(args: ExactArguments, asJson: boolean, terminal: Terminal): Promise<ExitCode> {
  const { solvers, priors, quick, seed, jobs, output: folder } = args;
  const status = new StatusLine(terminal.err, { quiet: asJson });
  const run = ({ signal }: Interrupt) =>
    runExactBench({
      solvers,
      families: priors as Family[] | undefined,
      quick,
      seed,
      workers: jobs,
      signal,
      onProgress: ({ done, total, what }) => status.update(`${done}/${total} · ${what}`),
    });
  const results = await interruptible(() => status.line("stopping …"), run).finally(() => status.clear());
  const text = exactMarkdown(results);
  if (folder !== undefined) await write(folder, results, text);
  terminal.out.write(asJson ? `${JSON.stringify(results, null, 2)}\n` : text);
  return 0;
}

async function write(folder: string, results: ExactResults, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeAtomic(join(folder, "exact.json"), `${JSON.stringify(results, null, 2)}\n`);
  await writeAtomic(join(folder, "exact.csv"), exactCsv(results));
  await writeAtomic(join(folder, "exact.md"), text);
}
