export { type CheckOptions, checkOperator, checkOperatorOnEngine } from "./check.ts";
export { loadOperators } from "./load.ts";
export type { CheckReport, CheckResult } from "./report.ts";
