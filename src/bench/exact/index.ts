export { type Comparison, compare, type Reference, referenceFor, slicedWasserstein } from "./compare.ts";
export { highestMode } from "./map.ts";
export { type Prediction, type PredictionRow, predictions } from "./predictions.ts";
export { createProblem, type ExactProblem, type Family, families, noiseLevels, problemChoices } from "./problems.ts";
export { exactCsv, exactMarkdown } from "./report.ts";
export {
  type ExactBenchOptions,
  type ExactProgress,
  type ExactResults,
  type ExactRow,
  runExactBench,
} from "./run.ts";
export { type Points, sampleMixture } from "./sampling.ts";
export { type Variant, variantsOf } from "./settings.ts";
