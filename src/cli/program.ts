import { Command, CommanderError } from "commander";
import { TweedieError } from "../errors.ts";
import { runDegrade, runModels, runReplay, runRestore, runSample, runTasks } from "./actions.ts";
import { type RawOptions, spreadOptions } from "./arguments.ts";
import { addBenchCommands } from "./bench.ts";
import { addCalibrateCommand } from "./calibrate.ts";
import { addCheckCommand } from "./check.ts";
import { type ExitCode, exitCodeOf, formatError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";
import { ownVersion } from "./version.ts";

/** Runs one command line and gives the exit code; writes to nothing but the terminal and the files asked for. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(spreadOptions(argv), { from: "user" });
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

function buildProgram(terminal: Terminal, exit: (code: ExitCode) => void): Command {
  const program = new Command("tweedie")
    .description("Restore damaged photos with diffusion models.")
    .version(ownVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      outputError: (text, write) => write(`tweedie: ${text.replace(/^error: /, "")}`),
    })
    .showHelpAfterError("  hint: tweedie --help lists the commands, tweedie COMMAND --help its options");

  taskOptions(
    program
      .command("restore")
      .argument("<IMAGE>", "the damaged picture, or a .npy array that holds a measurement")
      .description("restore a damaged picture"),
  )
    .option("--size <WxH>", "size of the result, where the measurement does not tell it (compressed sensing)")
    .option("--keep-known", "inpaint: known pixels come out as they came, noise and all (without noise they do anyway)")
    .option("--solver <NAME>", "red-diff, vml-map, dps, …; default: what suits the task")
    .option("--model <NAME>", "an embedded prior or an ONNX file with a card (default: natural)")
    .option("--preset <NAME>", "fast, balanced or best (default: balanced)")
    .option("--steps <N>", "steps of the solver")
    .option(
      "--samples <N>",
      "how many results to draw: OUT-1.png, …; adds their OUT-mean.png and OUT-std.png (default: 1)",
    )
    .option("--option <KEY=VALUE>", "an option of the solver; may be repeated", collect)
    .option("--reference <CLEAN>", "a clean picture; adds PSNR and SSIM to the report")
    .option("--tile <PIXELS>", "side of the tiles of large pictures (default: 512)")
    .action((image: string, raw: RawOptions) => runRestore(image, raw, terminal).then(exit));

  taskOptions(
    program
      .command("degrade")
      .argument("<IMAGE>", "a clean picture, or a .npy array of numbers from -1 to 1")
      .description("damage a picture as a task assumes"),
  )
    .option("--save-mask", "inpaint: write the mask as OUT-mask.png")
    .action((image: string, raw: RawOptions) => runDegrade(image, raw, terminal).then(exit));

  program
    .command("tasks")
    .description("list what can be undone: the tasks and their options")
    .option("--json", "print JSON")
    .action((raw: RawOptions) => runTasks(raw, terminal));

  commonOptions(program.command("sample").description("draw pictures from a prior alone"))
    .option("--model <NAME>", "an embedded prior or an ONNX file with a card (default: natural)")
    .option("--size <WxH>", "size in pixels (default: the model's own, or 256x256)")
    .option("--steps <N>", "steps of the sampler")
    .option("--samples <N>", "how many to draw (default: 1)")
    .option("--option <KEY=VALUE>", "an option of the sampler; may be repeated", collect)
    .action((raw: RawOptions) => runSample(raw, terminal).then(exit));

  const models = program.command("models").description("the priors: list, show, check");
  const modelCommand = (name: string, about: string) =>
    models.command(name).description(about).option("--json", "print JSON");
  modelCommand("list", "list the embedded priors").action((raw: RawOptions) =>
    runModels("list", undefined, raw, terminal),
  );
  modelCommand("show", "print the card of a prior")
    .argument("[NAME]", "an embedded prior or an ONNX file", "natural")
    .action((name: string, raw: RawOptions) => runModels("show", name, raw, terminal));
  modelCommand("check", "load a prior and let it denoise a test picture")
    .argument("[NAME]", "an embedded prior or an ONNX file", "natural")
    .option("--threads <N>", "threads to compute with")
    .action((name: string, raw: RawOptions) => runModels("check", name, raw, terminal));

  addBenchCommands(program, terminal, exit);
  addCalibrateCommand(program, terminal, exit);
  addCheckCommand(program, terminal, exit, collect);

  program
    .command("solvers")
    .argument("[NAME]", "a solver, to list its options")
    .description("the solvers: what they need, give and cost")
    .option("--json", "print JSON")
    .action(async (name: string | undefined, raw: RawOptions) =>
      (await import("./solvers.ts")).runSolvers(name, raw, terminal),
    );

  program
    .command("replay")
    .argument("<OUT.json>", "the record beside a result")
    .description("repeat a run and compare the bytes")
    .option("-o, --output <OUT>", "write the result here (default: only when the recorded file is missing)")
    .option("--json", "print JSON")
    .action((path: string, raw: RawOptions) => runReplay(path, raw, terminal).then(exit));
  return program;
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

function commonOptions(command: Command): Command {
  return command
    .option("--seed <N>", "the same seed gives the same picture (default: 0)")
    .option("-o, --output <OUT>", "the result: .png, .jpg, .webp, .tiff, .avif or .npy; OUT.json records the run")
    .option("--threads <N>", "threads to compute with (default: all cores)")
    .option("--json", "print JSON instead of a report");
}

function taskOptions(command: Command): Command {
  return commonOptions(command)
    .option(
      "--task <TASK>",
      "inpaint, super-resolution, deblur, denoise, colorize, compressed-sensing, hdr, jpeg, …: tweedie tasks lists all",
    )
    .option("--operator <OPERATOR.ts>", "a module that defines the task's operator, as tweedie check tests it")
    .option("--param <KEY=VALUE>", "an option of the task's operator (jpeg: quality=10); may be repeated", collect)
    .option(
      "--mask <MASK>",
      "inpaint: a picture in which white marks what is missing, random:0.7, box:64, free-form:0.25, half:left or expand:0.5 " +
        "(default: the transparent pixels)",
    )
    .option("--mask-seed <N>", "inpaint: the same seed gives the same mask (default: --seed)")
    .option("--scale <N>", "super-resolution: how many times as wide and high")
    .option(
      "--kernel <KERNEL>",
      "super-resolution: box, bicubic, bicubic-ddrm or bicubic-pillow; deblur: gaussian:STD, motion:LENGTH,ANGLE, " +
        "uniform:SIZE, anisotropic:STD,ACROSS, trajectory:SIZE,INTENSITY,SEED, ddrm-gaussian, … or FILE.png",
    )
    .option("--border <BORDER>", "deblur: reflect, zero or circular (default: reflect)")
    .option(
      "--noise <NOISE>",
      "standard deviation on the 0..1 scale, such as 0.05 or 25/255, poisson:RATE or salt-pepper:FRACTION " +
        "(restore: estimated by default)",
    );
}
