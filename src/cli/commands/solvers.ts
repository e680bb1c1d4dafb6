import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { print } from "../print.ts";

export function declare(program: Command, { terminal }: Environment): void {
  const command = program
    .command("solvers")
    .argument("[NAME]", "a solver, to list its options")
    .description("the solvers: what they need, give and cost");
  const schema = z.object({ name: z.string().optional() });
  const act = async ({ name }: z.output<typeof schema>, asJson: boolean) => {
    const { describeSolver, describeSolvers } = await import("../work/solvers.ts");
    print(terminal, asJson, name === undefined ? describeSolvers() : describeSolver(name));
  };
  declareOptions(command, schema, act, "name");
}
