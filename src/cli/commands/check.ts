import { type CheckReport, type CheckResult, checkOperatorOnEngine, loadOperators } from "../../check/index.ts";
import { createEngine } from "../../node/engine.ts";
import { createOperator, listOperators } from "../../operators/index.ts";
import { type RawOptions, readOption } from "../arguments.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { readParams } from "../task-arguments.ts";
import type { Terminal } from "../terminal.ts";

/** 0 when every test of every operator passes, else 1. */
export async function runCheck(file: string | undefined, raw: RawOptions, { out }: Terminal): Promise<ExitCode> {
  const names = await namesOf(file, raw);
  const [width, height] = (readOption(raw, "size") ?? "16x12").split("x").map(Number);
  const channels = readChannels(raw);
  const engine = await createEngine({ threads: 1 });
  const reports: CheckReport[] = [];
  try {
    for (const name of names) {
      const operator = createOperator({ ...readParams(raw), name }, { domain: [1, channels, height, width] });
      reports.push(await checkOperatorOnEngine(operator, engine, { seed: readOption(raw, "seed") }));
    }
  } finally {
    await engine.dispose();
  }
  const data = reports.length === 1 ? reports[0] : reports;
  out.write(`${raw.json ? JSON.stringify(data, null, 2) : reports.map(describe).join("\n\n")}\n`);
  return reports.every(({ passed }) => passed) ? 0 : 1;
}

async function namesOf(file: string | undefined, raw: RawOptions): Promise<readonly string[]> {
  const defined = file === undefined ? undefined : await loadOperators(file);
  const chosen = raw.operator === undefined ? undefined : String(raw.operator);
  const known = defined ?? listOperators().map(({ name }) => name);
  if (chosen !== undefined && known.includes(chosen)) return [chosen];
  if (chosen === undefined && defined) return defined;
  throw new UsageError({
    what: chosen === undefined ? "check" : "--operator",
    expected: chosen === undefined ? "a module that defines an operator, or --operator NAME" : known.join(", "),
    got: chosen ?? "nothing",
  });
}

function readChannels(raw: RawOptions): number {
  const text = String(raw.channels ?? "3");
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError({ what: "--channels", expected: "a whole number from 1 on", got: text });
}

const signs = { pass: "ok", fail: "FAIL", none: "-" } as const;

function describe(report: CheckReport): string {
  const { operator, domain, range, linear, checks, passed } = report;
  const shapes = `[${domain.slice(1).join(", ")}] → [${range.slice(1).join(", ")}]`;
  const title = `tweedie check ${operator}: ${shapes}, ${linear ? "linear" : "non-linear"}`;
  const width = Math.max(...checks.map(({ name }) => name.length));
  const failures = checks.filter(({ status }) => status === "fail").length;
  const verdict = passed ? "every test passed" : `${failures} of ${checks.length} tests failed`;
  return [title, ...checks.flatMap((check) => lines(check, width)), verdict].join("\n");
}

function lines({ name, status, found, hint }: CheckResult, width: number): string[] {
  const line = `  ${name.padEnd(width)}  ${signs[status].padEnd(4)}  ${found}`;
  return hint ? [line, `  ${" ".repeat(width)}        hint: ${hint}`] : [line];
}
