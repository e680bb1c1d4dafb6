export { type CheckOptions, checkOperator, checkOperatorOnEngine } from "./check.ts";
export type { CheckReport, CheckResult } from "./report.ts";
