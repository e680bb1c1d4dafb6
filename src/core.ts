/**
 * Tweedie restores damaged images with diffusion models. This is the core: everything that runs on any platform, given a
 * {@link Runtime}. `tweedie` adds what Node brings: ONNX Runtime, files, codecs, the embedded priors.
 *
 * @module
 */
export {
  type Denoiser,
  ddimStep,
  eulerStep,
  heunStep,
  karrasSigmas,
  logUniformSigmas,
  type Network,
  renoiseStep,
  type SigmaGrid,
} from "./diffusion/index.ts";
export {
  type CompileOptions,
  createEngine,
  type Engine,
  type EngineOptions,
  type Fed,
  HostValue,
  type Program,
  type ProgramCounts,
  type RunOptions as ProgramRunOptions,
  type Runtime,
  type Session,
  type SessionOptions,
  type Value,
} from "./engine/index.ts";
export { type ErrorCode, type ErrorData, type ErrorDetails, TweedieError } from "./errors.ts";
export { latentOperator, latentSpace } from "./latent/index.ts";
export {
  estimateNoise,
  type Lpips,
  mae,
  mse,
  msSsim,
  type NoiseOptions,
  type Planes as ComparedPlanes,
  psnr,
  type Samples,
  type SsimOptions,
  ssim,
} from "./metrics/index.ts";
export {
  type Autoencoder,
  type Condition,
  type ConditionalNetwork,
  type Encoded,
  sampleLatent,
} from "./networks/index.ts";
export { decodeOnnx, type LoadedModel, loadOnnx } from "./onnx/import/load.ts";
export { type FrozenValues, type ImportedModel, type ImportOptions, importOnnx } from "./onnx/import.ts";
export type { Counts as ProbeCounts, WrittenGraph } from "./onnx/write.ts";
export { encodeGraph } from "./onnx/write-encode.ts";
export {
  adjoint,
  checkShape,
  createOperator,
  defineOperator,
  listOperators,
  type NoiseModel,
  needSize,
  type Operator,
  type OperatorDefinition,
  type OperatorSize,
  type OperatorSpec,
  type PictureSize,
  type Svd,
  solveGram,
  solveNormal,
  type TaskTraits,
} from "./operators/index.ts";
export type { LatentView } from "./operators/operator.ts";
export { type AmbiguityOptions, type Resolution, resolveAmbiguities } from "./operators/phase-retrieval-ambiguities.ts";
export {
  alphaMask,
  centredKernel,
  checkEncodable,
  createImage,
  createMask,
  decodeNpy,
  type EncodeOptions,
  encodeNpy,
  type Image,
  type ImageFormat,
  type ImageMeta,
  type KernelImage,
  type Mask,
  type NpyArray,
} from "./pictures/index.ts";
export {
  type Card,
  type CardPriorOptions,
  type Conditional,
  conditioned,
  type DenoiserPrior,
  denoiserPrior,
  gaussianPrior,
  guided,
  type Mixture,
  mixturePrior,
  onnxPrior,
  type Prior,
  parseCard,
  priorFromCard,
  type SettingsFamily,
} from "./priors/index.ts";
export type { ClosedFormOptions } from "./priors/mixture.ts";
export { normals, type Stream } from "./random/index.ts";
export {
  type BlurKernel,
  type DegradeRequest,
  decodeSnapshot,
  degrade,
  encodeSnapshot,
  listTasks,
  type NoiseLevel,
  type OptionsFor,
  type PictureRange,
  type Planes,
  type Restoration,
  type RestoreCall,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreSnapshot,
  type RestoreStep,
  type RunRecord,
  type RunRequest,
  restore,
  restoreSteps,
  type SampleRequest,
  type SampleStatistics,
  type Sampling,
  type Seam,
  type Simulation,
  type SolverName,
  sample,
  sampleStatistics,
  simulate,
  type Task,
  type TaskInput,
  toPlanes,
} from "./restore/index.ts";
export type { TotalsData } from "./restore/snapshot.ts";
export type { MosaicParts } from "./restore/tiles.ts";
export { type Choice, type Preset, type SettingsRequest, settingsFor } from "./settings/index.ts";
export {
  type Counts,
  type Formula,
  findSolver,
  firstGuess,
  keepKnown,
  listSolvers,
  type PreparedSolver,
  type PrepareOptions,
  type Problem,
  type ProblemData,
  type ProblemFacts,
  type Progress,
  prepareSolver,
  type RoundTrip,
  type RunOptions,
  runToEnd,
  type Scope,
  type Setting,
  type Snapshot,
  type Solution,
  type SolveOptions,
  type Solver,
  type SolverNeeds,
  type SolverOptions,
  type SolverStep,
  type State,
  type Step,
  type StepOptions,
  type StepResult,
  solve,
  startOf,
} from "./solvers/index.ts";
export { gradient, input, jvp, parameter, type Shape, type Tensor, vjp } from "./tensor/index.ts";
export {
  type BlobLike,
  type ByteSource,
  blobSource,
  bytesSource,
  openSafetensors,
  type Safetensors,
  type StoredTensor,
  type WeightEntry,
  type WeightSource,
} from "./weights/index.ts";
