import type { Command } from "commander";
import * as z from "zod";
import { declarePictures, type Environment } from "../command.ts";
import { maxPixels, pictureOptions, range, taskOptions } from "../common-options.ts";
import { option } from "../options.ts";

export const degradeSchema = z.strictObject({
  image: z.string(),
  ...taskOptions,
  range,
  maxPixels,
  saveMask: option(z.boolean().optional(), {
    flag: "--save-mask",
    help: "inpaint: write the mask as OUT-mask.png",
  }),
  ...pictureOptions,
});

export type DegradeArguments = z.output<typeof degradeSchema>;

export function declare(program: Command, environment: Environment): void {
  const command = program
    .command("degrade")
    .argument("<IMAGE>", "a clean picture, or a .npy array of its numbers (--range)")
    .description("damage a picture as a task assumes");
  const load = async () => (await import("../work/degrade.ts")).degradeCommand;
  declarePictures(command, degradeSchema, load, environment, "image");
}
