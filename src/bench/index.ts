export type { Cell } from "./cell.ts";
export { type Plan, type PlanOptions, planBench, type Selection } from "./plan.ts";
export { renderReport } from "./report/report.ts";
export { type BenchResults, collectResults, toCsv } from "./results.ts";
export { type BenchOutcome, runBench } from "./run.ts";
export type { BenchProgress, BenchRequest } from "./session.ts";
export { type BenchSpec, parseBench, readBenchFile } from "./spec.ts";
export { meanOf, type SummaryRow, summarize } from "./summary.ts";
export { describeResults } from "./text.ts";
