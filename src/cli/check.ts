import type { Command } from "commander";
import type { RawOptions } from "./arguments.ts";
import type { ExitCode } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** Adds `tweedie check`. */
export function addCheckCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
  collect: (value: string, earlier: string[] | undefined) => string[],
): void {
  program
    .command("check")
    .argument("[OPERATOR.ts]", "a module that defines operators")
    .description("test a measurement operator: adjoint, linearity, derivative, norm, pseudo-inverse, SVD, …")
    .option("--operator <NAME>", "a registered operator, in place of a module's")
    .option("--param <KEY=VALUE>", "an option of the operator; may be repeated", collect)
    .option("--size <WxH>", "size of the pictures to test with (default: 16x12)")
    .option("--channels <N>", "their channels (default: 3)")
    .option("--seed <N>", "the numbers to test with are random (default: 0)")
    .option("--json", "print JSON instead of a table")
    .action(async (file: string | undefined, raw: RawOptions) => {
      const { runCheck } = await import("./commands/check.ts");
      exit(await runCheck(file, raw, terminal));
    });
}
