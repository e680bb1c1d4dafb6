import { join } from "node:path";
import {
  type CalibrationProgress,
  calibrationTable,
  renderCalibration,
  runCalibration,
} from "../../bench/calibrate/index.ts";
import { writeAtomic } from "../../node/files.ts";
import type { CalibrateArguments } from "../commands/calibrate.ts";
import type { ExitCode } from "../errors.ts";
import { print } from "../print.ts";
import type { Terminal } from "../terminal.ts";
import { withBenchFile } from "./bench-session.ts";

/** `calibrate`: draws samples for every picture of a bench file and writes calibration.json and calibration.html. */
export async function runCalibrateFile(
  args: CalibrateArguments,
  asJson: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const { samples } = args;
  return withBenchFile(
    args,
    asJson,
    terminal,
    async ({ plan, selection, folder, engine, versions, status, signal }) => {
      const onProgress = (p: CalibrationProgress) => status.update(describe(p));
      const outcome = await runCalibration({ plan, samples, folder, engine, selection, signal, onProgress });
      status.clear();
      const { missing, rows, stopped } = outcome;
      const { name } = plan.spec;
      const report = join(folder, "calibration.html");
      const finished = new Date().toISOString();
      const record = { "tweedie-calibration": 1, name, samples, finished, versions, missing, rows };
      await writeAtomic(join(folder, "calibration.json"), `${JSON.stringify(record, null, 2)}\n`);
      await writeAtomic(report, await renderCalibration(name, rows, samples));
      print(terminal, asJson, { data: record, text: `${calibrationTable(rows)}\n\nreport: ${report}` });
      return stopped ? `${missing} pictures are left` : undefined;
    },
  );
}

/** "3/24 · SR×4 · ddrm · 101085 · 40 % of its samples" */
function describe({ done, total, task, solver, picture, share }: CalibrationProgress): string {
  return `${done}/${total} · ${task} · ${solver} · ${picture} · ${Math.round(100 * share)} % of its samples`;
}
