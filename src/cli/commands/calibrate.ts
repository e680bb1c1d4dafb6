import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { selectionOptions, threads } from "../common-options.ts";
import { option } from "../options.ts";
import { benchFolder } from "./bench.ts";

export const calibrateSchema = z.object({
  file: z.string(),
  samples: option(z.int().min(2).max(1000).default(39), {
    flag: "--samples <N>",
    help: "samples for each picture (default: 39, with which the intervals are exact)",
  }),
  output: benchFolder,
  ...selectionOptions,
  threads,
});

export type CalibrateArguments = z.output<typeof calibrateSchema>;

export function declare(program: Command, { terminal, exit }: Environment): void {
  const command = program
    .command("calibrate")
    .argument("<FILE.json>", "a bench file: tasks, solvers, priors and pictures (docs/bench.md)")
    .description("measure how often credible intervals made of samples cover the truth");
  const act = async (args: CalibrateArguments, asJson: boolean) => {
    const { runCalibrateFile } = await import("../work/calibrate.ts");
    exit(await runCalibrateFile(args, asJson, terminal));
  };
  declareOptions(command, calibrateSchema, act, "file");
}
