import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { param, seed, size } from "../common-options.ts";
import { option } from "../options.ts";

export const checkSchema = z.object({
  file: z.string().optional(),
  operator: option(z.string().min(1).optional(), {
    flag: "--operator <NAME>",
    help: "a registered operator, in place of a module's",
  }),
  param,
  size,
  channels: option(z.int().min(1).max(9999).default(3), {
    flag: "--channels <N>",
    help: "channels of the pictures to test with (default: 3)",
    expected: "a whole number from 1 on",
  }),
  seed,
});

export type CheckArguments = z.output<typeof checkSchema>;

export function declare(program: Command, { terminal, exit }: Environment): void {
  const command = program
    .command("check")
    .argument("[OPERATOR.ts]", "a module that defines operators; it runs with your rights")
    .description("test a measurement operator: adjoint, linearity, derivative, norm, pseudo-inverse, SVD, …");
  const act = async (args: CheckArguments, asJson: boolean) => {
    const { runCheck } = await import("../work/check.ts");
    exit(await runCheck(args, asJson, terminal));
  };
  declareOptions(command, checkSchema, act, "file");
}
