import type { Command } from "commander";
import type { RawOptions } from "./arguments.ts";
import type { ExitCode } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** `tweedie bench …`; the work is imported when it is asked for. */
export function addBenchCommands(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): Command {
  const bench = program.command("bench").description("compare solvers on equal terms");
  bench
    .command("run")
    .argument("<FILE.json>", "tasks, solvers, priors and pictures (docs/bench.md)")
    .description("run tasks × solvers × priors × pictures and write a report; an interrupted run goes on where it was")
    .option("-o, --output <FOLDER>", "where results go (default: FILE.bench)")
    .option("--tasks <NAMES>", "compute only these, separated by commas; the report still shows all there is")
    .option("--solvers <NAMES>", "the same for solvers, by name or label")
    .option("--priors <NAMES>", "the same for priors")
    .option("--images <NAMES>", "the same for picture sets")
    .option("--limit <N>", "the same for the first N pictures of each set")
    .option("--fresh", "compute anew what is there already")
    .option("--report", "compute nothing, write the report of what is there")
    .option("--lpips <WEIGHTS>", "backbone weights for LPIPS (safetensors)")
    .option("--threads <N>", "threads to compute with (default: all cores)")
    .option("--json", "print JSON instead of a table")
    .action(async (file: string, raw: RawOptions) => {
      const { runBenchFile } = await import("./commands/bench.ts");
      exit(await runBenchFile(file, raw, terminal));
    });
  bench
    .command("exact")
    .description("run every solver on problems whose posterior is known in closed form (docs/exact-bench.md)")
    .option("--solvers <NAMES>", "only these, separated by commas")
    .option("--priors <NAMES>", "the same for priors: gaussian-16, correlated-2, correlated-16, …")
    .option("--quick", "a few small problems, under a minute")
    .option("--seed <N>", "of the chains (default: 0)")
    .option("-o, --output <FOLDER>", "write exact.json, exact.csv and exact.md here")
    .option("--threads <N>", "how many chains of work side by side (default: 2)")
    .option("--json", "print JSON instead of tables")
    .action(async (raw: RawOptions) => {
      const { runBenchExact } = await import("./commands/bench-exact.ts");
      exit(await runBenchExact(raw, terminal));
    });
  return bench;
}
