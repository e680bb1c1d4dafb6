import type { Command } from "commander";
import * as z from "zod";
import { declarePictures, type Environment } from "../command.ts";
import {
  maxPixels,
  model,
  pictureOptions,
  range,
  samples,
  size,
  solverOption,
  steps,
  taskOptions,
  tile,
} from "../common-options.ts";
import { option } from "../options.ts";

export const restoreSchema = z.strictObject({
  image: z.string(),
  ...taskOptions,
  range,
  maxPixels,
  size,
  keepKnown: option(z.boolean().optional(), {
    flag: "--keep-known",
    help: "inpaint: known pixels come out as they came, noise and all (without noise they do anyway)",
  }),
  solver: option(z.string().min(1).optional(), {
    flag: "--solver <NAME>",
    help: "red-diff, vml-map, dps, …; default: what suits the task",
  }),
  model,
  preset: option(z.enum(["fast", "balanced", "best"]).default("balanced"), {
    flag: "--preset <NAME>",
    help: "fast, balanced or best (default: balanced)",
  }),
  steps,
  samples,
  option: solverOption,
  reference: option(z.string().min(1).optional(), {
    flag: "--reference <CLEAN>",
    help: "a clean picture; adds PSNR and SSIM to the report",
  }),
  tile,
  resume: option(z.boolean().optional(), {
    flag: "--resume",
    help: "go on with the run for this result that was stopped or killed, to the same bytes",
  }),
  checkpoint: option(z.number().min(0).max(86_400).default(10), {
    flag: "--checkpoint <SECONDS>",
    help: "how often the state for --resume is written; 0: after each step (default: 10)",
  }),
  ...pictureOptions,
});

export type RestoreArguments = z.output<typeof restoreSchema>;

export function declare(program: Command, environment: Environment): void {
  const command = program
    .command("restore")
    .argument("<IMAGE>", "the damaged picture, or a .npy array that holds a measurement")
    .description("restore a damaged picture");
  const load = async () => (await import("../work/restore.ts")).restoreCommand;
  declarePictures(command, restoreSchema, load, environment, "image");
}
