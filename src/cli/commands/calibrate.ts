import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { planBench, readBenchFile } from "../../bench/index.ts";
import {
  type CalibrationProgress,
  calibrationTable,
  renderCalibration,
  runCalibration,
} from "../../calibrate/index.ts";
import { createEngine } from "../../engine/index.ts";
import { writeAtomic } from "../../node/files.ts";
import { type RawOptions, readOption } from "../arguments.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { versions } from "../manifest.ts";
import { onInterrupt } from "../signals.ts";
import { StatusLine } from "../status-line.ts";
import type { Terminal } from "../terminal.ts";
import { readSelection } from "./bench.ts";

/** `calibrate`: draws samples for every picture of a bench file and writes calibration.json and calibration.html. */
export async function runCalibrateFile(file: string, raw: RawOptions, terminal: Terminal): Promise<ExitCode> {
  const folder = readOption(raw, "output") ?? `${basename(file, extname(file))}.bench`;
  const threads = readOption(raw, "threads");
  const samples = readOption(raw, "samples") ?? 39;
  if (samples < 2) throw new UsageError({ what: "--samples", expected: "a whole number from 2 on", got: "1" });
  const selection = readSelection(raw);
  const status = new StatusLine(terminal.err, raw.json === true);
  const interrupt = onInterrupt(() => status.line("stopping after this step … (once more to quit at once)"));
  const { signal } = interrupt;
  try {
    const used = versions();
    const spec = await readBenchFile(file);
    const plan = await planBench(spec, { versions: { tweedie: used.tweedie, onnxruntime: used.onnxruntime }, signal });
    await mkdir(folder, { recursive: true });
    const engine = await createEngine({ threads });
    try {
      const outcome = await runCalibration({
        plan,
        samples,
        folder,
        engine,
        selection,
        signal,
        onProgress: (p) => status.update(describe(p)),
      });
      status.clear();
      const report = join(folder, "calibration.html");
      const record = {
        "tweedie-calibration": 1,
        name: spec.name,
        samples,
        finished: new Date().toISOString(),
        versions: used,
        missing: outcome.missing,
        rows: outcome.rows,
      };
      await writeAtomic(join(folder, "calibration.json"), `${JSON.stringify(record, null, 2)}\n`);
      await writeAtomic(report, renderCalibration(spec.name, outcome.rows, samples));
      if (raw.json) terminal.out.write(`${JSON.stringify(record, null, 2)}\n`);
      else terminal.out.write(`${calibrationTable(outcome.rows)}\n\nreport: ${report}\n`);
      if (!outcome.stopped) return 0;
      terminal.err.write(
        `tweedie: stopped: ${outcome.missing} pictures are left; the same command goes on from here\n`,
      );
      return 1;
    } finally {
      await engine.dispose();
    }
  } finally {
    status.clear();
    interrupt.dispose();
  }
}

/** "3/24 · SR×4 · ddrm · 101085 · 40 % of its samples" */
function describe({ done, total, task, solver, picture, share }: CalibrationProgress): string {
  return `${done}/${total} · ${task} · ${solver} · ${picture} · ${Math.round(100 * share)} % of its samples`;
}
