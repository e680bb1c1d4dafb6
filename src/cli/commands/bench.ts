import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { seed, selectionOptions, threads } from "../common-options.ts";
import { option } from "../options.ts";

export const benchFolder = option(z.string().min(1).optional(), {
  flag: "-o, --output <FOLDER>",
  help: "where results go (default: FILE.bench)",
});

export const benchSchema = z.object({
  file: z.string(),
  output: benchFolder,
  ...selectionOptions,
  fresh: option(z.boolean().optional(), { flag: "--fresh", help: "compute anew what is there already" }),
  report: option(z.boolean().optional(), {
    flag: "--report",
    help: "compute nothing, write the report of what is there",
  }),
  lpips: option(z.string().min(1).optional(), {
    flag: "--lpips <WEIGHTS>",
    help: "backbone weights for LPIPS (safetensors)",
  }),
  threads,
});

export type BenchArguments = z.output<typeof benchSchema>;

export const exactSchema = z.object({
  solvers: selectionOptions.solvers,
  priors: selectionOptions.priors,
  quick: option(z.boolean().optional(), { flag: "--quick", help: "a few small problems, under a minute" }),
  seed,
  output: option(z.string().min(1).optional(), {
    flag: "-o, --output <FOLDER>",
    help: "write exact.json, exact.csv and exact.md here",
  }),
  jobs: option(z.int().min(1).max(1024).optional(), {
    flag: "--jobs <N>",
    help: "how many chains to compute side by side (default: 2)",
  }),
});

export type ExactArguments = z.output<typeof exactSchema>;

export function declare(program: Command, { terminal, exit }: Environment): void {
  const bench = program.command("bench").description("compare solvers on equal terms");
  const run = bench
    .command("run")
    .argument("<FILE.json>", "tasks, solvers, priors and pictures (docs/bench.md)")
    .description(
      "run tasks × solvers × priors × pictures and write a report of all there is; an interrupted run goes on where it was",
    );
  const runFile = async (args: BenchArguments, asJson: boolean) => {
    const { runBenchFile } = await import("../work/bench.ts");
    exit(await runBenchFile(args, asJson, terminal));
  };
  declareOptions(run, benchSchema, runFile, "file");
  const exact = bench
    .command("exact")
    .description("run every solver on problems whose posterior is known in closed form (docs/exact-bench.md)");
  declareOptions(exact, exactSchema, async (args, asJson) => {
    const { runBenchExact } = await import("../work/bench-exact.ts");
    exit(await runBenchExact(args, asJson, terminal));
  });
}
