import { type RawOptions, readOption } from "./arguments.ts";
import type { Context, PictureArguments, PictureCommand, Product } from "./command.ts";
import { type ExitCode, UsageError } from "./errors.ts";
import type { Finished } from "./execute.ts";
import { ProgressBar } from "./progress.ts";
import { formatSummary } from "./report.ts";
import { onInterrupt } from "./signals.ts";
import type { Terminal } from "./terminal.ts";

// What does the work is imported when it is needed: help and mistakes in the command line come at once.

export async function runRestore(image: string, raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const { readRestoreArguments, restoreCommand } = await import("./commands/restore.ts");
  return runPictures(restoreCommand, readRestoreArguments(image, await withOperator(raw)), raw, terminal);
}

export async function runDegrade(image: string, raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const { degradeCommand, readDegradeArguments } = await import("./commands/degrade.ts");
  return runPictures(degradeCommand, readDegradeArguments(image, await withOperator(raw)), raw, terminal);
}

/** Loads the module of `--operator`; the task is the operator that it defines, unless `--task` says which of several. */
async function withOperator(raw: RawOptions): Promise<RawOptions> {
  const file = readOption(raw, "operator");
  if (file === undefined) return raw;
  const { loadOperators } = await import("../check/index.ts");
  const [task] = await loadOperators(file);
  return { task, ...raw };
}

export async function runSample(raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const { readSampleArguments, sampleCommand } = await import("./commands/sample.ts");
  return runPictures(sampleCommand, readSampleArguments(raw), raw, terminal);
}

export async function runModels(
  what: "list" | "show" | "check",
  name = "natural",
  raw: RawOptions,
  { out }: Terminal,
): Promise<void> {
  const threads = readOption(raw, "threads");
  const { checkModel, listModels, showModel } = await import("./models.ts");
  const { data, text } = await {
    list: listModels,
    show: () => showModel(name),
    check: () => checkModel(name, threads),
  }[what]();
  out.write(`${raw.json ? JSON.stringify(data, null, 2) : text}\n`);
}

export async function runTasks(raw: RawOptions, { out }: Terminal): Promise<void> {
  const { listTasksFor } = await import("./tasks.ts");
  const { data, text } = listTasksFor();
  out.write(`${raw.json ? JSON.stringify(data, null, 2) : text}\n`);
}

/** Calls work with a live progress bar and with Ctrl-C turned into an orderly stop. */
async function withContext<T>(quiet: boolean, terminal: Terminal, work: (context: Context) => Promise<T>): Promise<T> {
  const bars = new Map<string, ProgressBar>();
  const clear = () => {
    for (const bar of bars.values()) bar.clear();
  };
  const interrupt = onInterrupt(() => {
    clear();
    terminal.err.write("stopping after this step … (once more to quit at once)\n");
  });
  try {
    return await work({
      signal: interrupt.signal,
      progress(label, progress) {
        if (quiet && !terminal.err.isTTY) return;
        const bar = bars.get(label) ?? new ProgressBar(terminal.err, label);
        bars.set(label, bar);
        bar.update(progress);
      },
    });
  } finally {
    clear();
    interrupt.dispose();
  }
}

async function runPictures<A extends PictureArguments>(
  command: PictureCommand<A>,
  args: A,
  raw: RawOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (args.output === "")
    throw new UsageError({ what: "-o", expected: "a name for the result, such as OUT.png", got: "nothing" });
  const { perform, writeResults } = await import("./execute.ts");
  const { manifestPath } = await import("./files.ts");
  const finished = await withContext(raw.json === true, terminal, (context) => perform(command, args, context));
  await writeResults(finished, args.output);
  const record = manifestPath(args.output);
  if (raw.json) terminal.out.write(`${JSON.stringify({ manifest: record, ...finished.manifest }, null, 2)}\n`);
  else terminal.out.write(`${report(command.name, finished, record)}\n`);
  const { stopped } = finished.outcome;
  if (stopped === undefined) return 0;
  const names = finished.files.map(({ path }) => path).join(", ");
  terminal.err.write(`tweedie: stopped ${stopped}: the best picture so far is kept in ${names}\n`);
  return 1;
}

function report(name: string, { outcome, files }: Finished, record: string): string {
  const [first] = outcome.pictures;
  const list = files.length > 3 ? `${files[0].path} … ${files.at(-1)?.path}` : files.map(({ path }) => path).join(", ");
  const title = `tweedie ${name}${outcome.stopped === undefined ? "" : " (stopped early)"}`;
  return formatSummary(title, [
    ...outcome.summary,
    ["result", `${list} (${extent(first)}); record of the run: ${record}`],
  ]);
}

function extent(product: Product): string {
  return "shape" in product ? `numbers [${product.shape.join(", ")}]` : `${product.width}x${product.height}`;
}

export async function runReplay(path: string, raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const output = readOption(raw, "output");
  const { finished, same, differences, written } = await withContext(raw.json === true, terminal, async (context) => {
    const { replay } = await import("./replay.ts");
    return replay(path, output, context);
  });
  if (raw.json) {
    terminal.out.write(`${JSON.stringify({ same, differences, written, run: finished.manifest }, null, 2)}\n`);
  } else {
    const lines: (readonly [string, string])[] = [...finished.outcome.summary];
    for (const difference of differences) lines.push(["differs", difference]);
    lines.push(["bytes", same ? "the same as recorded" : "not the same as recorded"]);
    if (written.length > 0) lines.push(["written", written.join(", ")]);
    terminal.out.write(`${formatSummary(`tweedie replay ${path}`, lines)}\n`);
  }
  if (!same) terminal.err.write(`tweedie: ${path}: expected the recorded bytes, got others\n`);
  return same ? 0 : 1;
}
