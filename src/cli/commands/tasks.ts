import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { print } from "../print.ts";

export function declare(program: Command, { terminal }: Environment): void {
  const command = program.command("tasks").description("list what can be undone: the tasks and their options");
  declareOptions(command, z.object({}), async (_, asJson) => {
    print(terminal, asJson, (await import("../work/tasks.ts")).describeTasks());
  });
}
