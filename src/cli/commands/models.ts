import type { Command } from "commander";
import * as z from "zod";
import { declareOptions, type Environment } from "../command.ts";
import { threads } from "../common-options.ts";
import { print } from "../print.ts";

export function declare(program: Command, { terminal }: Environment): void {
  const models = program.command("models").description("the priors: list, show, check");
  const work = () => import("../work/models.ts");
  declareOptions(models.command("list").description("list the embedded priors"), z.object({}), async (_, asJson) =>
    print(terminal, asJson, await (await work()).listModels()),
  );
  const named = (command: Command) => command.argument("[NAME]", "an embedded prior or an ONNX file", "natural");
  declareOptions(
    named(models.command("show").description("print the card of a prior")),
    z.object({ name: z.string() }),
    async ({ name }, asJson) => print(terminal, asJson, await (await work()).showModel(name)),
    "name",
  );
  declareOptions(
    named(models.command("check").description("load a prior and let it denoise a test picture")),
    z.object({ name: z.string(), threads }),
    async ({ name, threads }, asJson) => print(terminal, asJson, await (await work()).checkModel(name, threads)),
    "name",
  );
}
