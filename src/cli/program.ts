import { Command, CommanderError } from "commander";
import { TweedieError } from "../errors.ts";
import type { Environment } from "./command.ts";
import * as bench from "./commands/bench.ts";
import * as calibrate from "./commands/calibrate.ts";
import * as check from "./commands/check.ts";
import * as degrade from "./commands/degrade.ts";
import * as models from "./commands/models.ts";
import * as replay from "./commands/replay.ts";
import * as restore from "./commands/restore.ts";
import * as sample from "./commands/sample.ts";
import * as solvers from "./commands/solvers.ts";
import * as tasks from "./commands/tasks.ts";
import { type ExitCode, exitCodeOf, formatError } from "./errors.ts";
import { spreadOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { ownVersion } from "./version.ts";

// commands/ says what can be typed and imports little, so that help and mistakes come at once. It imports from work/, when
// a command runs, what does the work.
const commands = [restore, degrade, tasks, sample, models, bench, calibrate, check, solvers, replay];

/** Runs one command line and gives the exit code; writes to nothing but the terminal and the files asked for. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const exit = (code: ExitCode) => {
    exitCode = code;
  };
  try {
    await buildProgram({ terminal, exit }).parseAsync(spreadOptions(argv), { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (argv.includes("--json")) terminal.out.write(`${JSON.stringify({ error: errorData(error) }, null, 2)}\n`);
    terminal.err.write(`${formatError(error)}\n`);
    return exitCodeOf(error);
  }
}

function errorData(error: unknown): unknown {
  if (error instanceof TweedieError) return error.toJSON();
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

function buildProgram(environment: Environment): Command {
  const { out, err } = environment.terminal;
  const program = new Command("tweedie")
    .description("Restore damaged photos with diffusion models.")
    .version(ownVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      outputError: (text, write) => write(`tweedie: ${text.replace(/^error: /, "")}`),
    })
    .showHelpAfterError("  hint: tweedie --help lists the commands, tweedie COMMAND --help its options");
  for (const { declare } of commands) declare(program, environment);
  return program;
}
