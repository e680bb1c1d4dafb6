import type { Command } from "commander";
import type { RawOptions } from "./arguments.ts";
import type { ExitCode } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** `tweedie calibrate`; the work is imported when it is asked for. */
export function addCalibrateCommand(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  program
    .command("calibrate")
    .argument("<FILE.json>", "a bench file: tasks, solvers, priors and pictures (docs/bench.md)")
    .description("measure how often credible intervals made of samples cover the truth")
    .option("--samples <N>", "samples for each picture (default: 39, with which the intervals are exact)")
    .option("-o, --output <FOLDER>", "where results go (default: FILE.bench)")
    .option("--tasks <NAMES>", "only these, separated by commas")
    .option("--solvers <NAMES>", "only these, by name or label")
    .option("--priors <NAMES>", "only these")
    .option("--images <NAMES>", "only these picture sets")
    .option("--limit <N>", "the first N pictures of each set")
    .option("--threads <N>", "threads to compute with (default: all cores)")
    .option("--json", "print JSON instead of a table")
    .action(async (file: string, raw: RawOptions) => {
      const { runCalibrateFile } = await import("./commands/calibrate.ts");
      exit(await runCalibrateFile(file, raw, terminal));
    });
}
