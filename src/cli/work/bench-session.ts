import { mkdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import { type Plan, planBench, readBenchFile, type Selection } from "../../bench/index.ts";
import type { Engine } from "../../engine/index.ts";
import { createEngine } from "../../node/engine.ts";
import type { ExitCode } from "../errors.ts";
import { type Versions, versions } from "../manifest.ts";
import { StatusLine } from "../progress.ts";
import { interruptible } from "../signals.ts";
import type { Terminal } from "../terminal.ts";

/** What the commands that work through a bench file share. */
export interface BenchSession {
  readonly plan: Plan;
  readonly selection: Selection;
  /** Where results go; it exists. */
  readonly folder: string;
  readonly engine: Engine;
  readonly versions: Versions;
  readonly status: StatusLine;
  readonly signal: AbortSignal;
}

export interface BenchFileArguments extends Selection {
  readonly file: string;
  readonly output?: string;
  readonly threads?: number;
}

/**
 * Plans a bench file and works through it.
 * @param work gives what is left when it was stopped, in words
 * @returns the exit code
 */
export async function withBenchFile(
  { file, output, threads, ...rest }: BenchFileArguments,
  asJson: boolean,
  terminal: Terminal,
  work: (session: BenchSession) => Promise<string | undefined>,
): Promise<ExitCode> {
  const folder = output ?? `${basename(file, extname(file))}.bench`;
  const { tasks, solvers, priors, images, limit } = rest;
  const status = new StatusLine(terminal.err, { quiet: asJson });
  const notify = () => status.line("stopping after this step … (once more to quit at once)");
  try {
    return await interruptible(notify, async ({ signal, exitCode }) => {
      const used = versions();
      const spec = await readBenchFile(file);
      const relevant = { tweedie: used.tweedie, onnxruntime: used.onnxruntime };
      const plan = await planBench(spec, { versions: relevant, signal });
      await mkdir(folder, { recursive: true });
      const engine = await createEngine({ threads });
      try {
        const selection = { tasks, solvers, priors, images, limit };
        const left = await work({ plan, selection, folder, engine, versions: used, status, signal });
        if (left === undefined) return 0;
        terminal.err.write(`tweedie: stopped: ${left}; the same command goes on from here\n`);
        return exitCode() ?? 1;
      } finally {
        await engine.dispose();
      }
    });
  } finally {
    status.clear();
  }
}
