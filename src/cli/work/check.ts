import "../../node/network-operator.ts"; // registers it
import { alignColumns } from "../../bench/columns.ts";
import { type CheckReport, type CheckResult, checkOperatorOnEngine } from "../../laws/index.ts";
import { createEngine } from "../../node/engine.ts";
import { loadOperators } from "../../node/modules.ts";
import { createOperator, listOperators } from "../../operators/index.ts";
import type { CheckArguments } from "../commands/check.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { print } from "../print.ts";
import type { Terminal } from "../terminal.ts";
import { sizeOf } from "./task.ts";

/** 0 when every test of every operator passes, else 1. */
export async function runCheck(args: CheckArguments, asJson: boolean, terminal: Terminal): Promise<ExitCode> {
  const { channels, param, seed } = args;
  const names = await namesOf(args);
  const { width, height } = sizeOf(args.size) ?? { width: 16, height: 12 };
  const engine = await createEngine({ threads: 1 });
  const reports: CheckReport[] = [];
  try {
    for (const name of names) {
      const operator = createOperator({ ...param, name }, { domain: [1, channels, height, width] });
      reports.push(await checkOperatorOnEngine(operator, engine, { seed }));
    }
  } finally {
    await engine.dispose();
  }
  const data = reports.length === 1 ? reports[0] : reports;
  print(terminal, asJson, { data, text: reports.map(describe).join("\n\n") });
  return reports.every(({ passed }) => passed) ? 0 : 1;
}

async function namesOf({ file, operator: chosen }: CheckArguments): Promise<readonly string[]> {
  const defined = file === undefined ? undefined : await loadOperators(file);
  const known = defined ?? listOperators().map(({ name }) => name);
  if (chosen !== undefined && known.includes(chosen)) return [chosen];
  if (chosen === undefined && defined) return defined;
  throw new UsageError({
    what: chosen === undefined ? "check" : "--operator",
    expected: chosen === undefined ? "a module that defines an operator, or --operator NAME" : known.join(", "),
    got: chosen ?? "nothing",
  });
}

const signs = { pass: "ok", fail: "FAIL", none: "-" } as const;

function describe(report: CheckReport): string {
  const { operator, domain, range, linear, checks, passed } = report;
  const shapes = `[${domain.slice(1).join(", ")}] → [${range.slice(1).join(", ")}]`;
  const title = `tweedie check ${operator}: ${shapes}, ${linear ? "linear" : "non-linear"}`;
  const failures = checks.filter(({ status }) => status === "fail").length;
  const verdict = passed ? "every test passed" : `${failures} of ${checks.length} tests failed`;
  return [title, ...alignColumns(checks.flatMap(rows)).map((line) => `  ${line}`), verdict].join("\n");
}

const rows = ({ name, status, found, hint }: CheckResult): string[][] => [
  [name, signs[status], found],
  ...(hint ? [["", "", `hint: ${hint}`]] : []),
];
