import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { option } from "../options.ts";

export const replaySchema = z.object({
  record: z.string(),
  output: option(z.string().min(1).optional(), {
    flag: "-o, --output <OUT>",
    help: "write the result here (default: only when the recorded file is missing)",
  }),
  allowOperatorModule: option(z.boolean().optional(), {
    flag: "--allow-operator-module",
    help: "run the operator module that the record names, if it is the recorded one; it runs with your rights",
  }),
});

export type ReplayArguments = z.output<typeof replaySchema>;

export function declare(program: Command, { terminal, exit }: Environment): void {
  const command = program
    .command("replay")
    .argument("<OUT.json>", "the record beside a result")
    .description("repeat a run and compare the bytes");
  const act = async (args: ReplayArguments, asJson: boolean) => {
    const { runReplay } = await import("../work/replay.ts");
    exit(await runReplay(args, asJson, terminal));
  };
  declareOptions(command, replaySchema, act, "record");
}
