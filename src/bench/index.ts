export * from "./calibrate/index.ts";
export type { Cell } from "./cell.ts";
export type { BenchPicture } from "./pictures.ts";
export {
  type Group,
  type LoadedPrior,
  type Method,
  type Plan,
  type PlanOptions,
  planBench,
  type Row as PlanRow,
  type Selection,
} from "./plan.ts";
export { type ReportRequest, renderReport } from "./report/report.ts";
export { type BenchResults, type Circumstances, collectResults, type SolverSettings, toCsv } from "./results.ts";
export { type BenchOutcome, runBench } from "./run.ts";
export type { BenchProgress, BenchRequest } from "./session.ts";
export {
  type BenchSpec,
  type ImagesEntry,
  type PriorEntry,
  parseBench,
  readBenchFile,
  type SolverEntry,
  type TaskEntry,
} from "./spec.ts";
export { type Mean, type Measure, meanOf, type SummaryRow, summarize } from "./summary.ts";
export { describeResults } from "./text.ts";
