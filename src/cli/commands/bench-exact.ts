import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ExactResults, exactCsv, exactMarkdown, type Family, runExactBench } from "../../bench/exact/index.ts";
import { writeAtomic } from "../../node/files.ts";
import { type RawOptions, readOption } from "../arguments.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { onInterrupt } from "../signals.ts";
import { StatusLine } from "../status-line.ts";
import type { Terminal } from "../terminal.ts";

/** `bench exact`: every solver on posteriors that are known in closed form. */
export async function runBenchExact(raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const folder = readOption(raw, "output");
  const status = new StatusLine(terminal.err, raw.json === true);
  const interrupt = onInterrupt(() => status.line("stopping …"));
  try {
    const results = await runExactBench({
      solvers: readNames(raw, "solvers"),
      families: readNames(raw, "priors") as Family[] | undefined,
      quick: raw.quick === true,
      seed: readOption(raw, "seed"),
      workers: readOption(raw, "threads"),
      signal: interrupt.signal,
      onProgress: ({ done, total, what }) => status.update(`${done}/${total} · ${what}`),
    });
    status.clear();
    const text = exactMarkdown(results);
    if (folder !== undefined) await write(folder, results, text);
    terminal.out.write(raw.json ? `${JSON.stringify(results, null, 2)}\n` : text);
    return 0;
  } finally {
    status.clear();
    interrupt.dispose();
  }
}

function readNames(raw: RawOptions, option: "solvers" | "priors"): string[] | undefined {
  const text = raw[option];
  if (typeof text !== "string") return undefined;
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw new UsageError({ what: `--${option}`, expected: "names separated by commas", got: text });
}

async function write(folder: string, results: ExactResults, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeAtomic(join(folder, "exact.json"), `${JSON.stringify(results, null, 2)}\n`);
  await writeAtomic(join(folder, "exact.csv"), exactCsv(results));
  await writeAtomic(join(folder, "exact.md"), text);
}
