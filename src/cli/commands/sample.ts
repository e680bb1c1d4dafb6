import type { Command } from "commander";
import * as z from "zod";
import { declarePictures, type Environment } from "../command.ts";
import { model, pictureOptions, samples, size, solverOption, steps } from "../common-options.ts";

export const sampleSchema = z.strictObject({ model, size, steps, samples, option: solverOption, ...pictureOptions });

export type SampleArguments = z.output<typeof sampleSchema>;

export function declare(program: Command, environment: Environment): void {
  const command = program.command("sample").description("draw pictures from a prior alone");
  const load = async () => (await import("../work/sample.ts")).sampleCommand;
  declarePictures(command, sampleSchema, load, environment);
}
