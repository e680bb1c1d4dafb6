/**
 * Tweedie restores damaged pictures with diffusion models.
 *
 * {@link restore} takes a picture and a task; everything below it is public too: tensors that differentiate themselves,
 * the engine that runs them on ONNX Runtime, priors, measurement operators, solvers and metrics.
 *
 * @example
 * const image = await readImage("noisy.jpg");
 * const prior = await loadPrior("natural");
 * const { images } = await restore({ image, prior, task: { name: "denoise" }, noise: 25 / 255 });
 * await writeAtomic("clean.png", await encodeImage(images[0], { format: "png" }));
 *
 * @module
 */
export { type BenchResults, type BenchSpec, planBench, readBenchFile, runBench } from "./bench/index.ts";
export { type Calibration, calibrate, coverageOf, pool as poolCoverage } from "./calibrate/index.ts";
export {
  type Denoiser,
  ddimStep,
  eulerStep,
  heunStep,
  karrasSigmas,
  logUniformSigmas,
  renoiseStep,
} from "./diffusion/index.ts";
export { type CompileOptions, createEngine, type Engine, type EngineOptions, type Program } from "./engine/index.ts";
export { type ErrorCode, type ErrorData, TweedieError } from "./errors.ts";
export { latentOperator } from "./latent/index.ts";
export {
  type CheckReport,
  type CheckResult,
  checkOperator,
  checkOperatorOnEngine,
} from "./laws/index.ts";
export { estimateNoise, type Lpips, mae, mse, msSsim, psnr, ssim } from "./metrics/index.ts";
export { type Autoencoder, sampleLatent } from "./networks/index.ts";
export { decodeImage, encodeImage } from "./node/codecs/index.ts";
export { writeAtomic } from "./node/files.ts";
export { loadLpips } from "./node/lpips.ts";
export { listPriors, loadPrior } from "./node/models.ts";
export { loadOperators } from "./node/modules.ts";
export { readImage, readKernel, readMask, readNpy } from "./node/pictures.ts";
export {
  adjoint,
  checkShape,
  createOperator,
  defineOperator,
  listOperators,
  type NoiseModel,
  type Operator,
  type OperatorSpec,
  solveNormal,
} from "./operators/index.ts";
export {
  alphaMask,
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
  type DenoiserPrior,
  denoiserPrior,
  gaussianPrior,
  guided,
  type Mixture,
  mixturePrior,
  type Prior,
} from "./priors/index.ts";
export { normals, type Stream } from "./random/index.ts";
export {
  type BlurKernel,
  type DegradeRequest,
  degrade,
  listTasks,
  type NoiseLevel,
  type Planes,
  type Restoration,
  type RestoreProgress,
  type RestoreRequest,
  restore,
  type SampleRequest,
  type SampleStatistics,
  type Sampling,
  type Seam,
  type Simulation,
  sample,
  sampleStatistics,
  simulate,
  type Task,
  type TaskInput,
  toPlanes,
} from "./restore/index.ts";
export { type Choice, type Preset, settingsFor } from "./settings/index.ts";
export {
  findSolver,
  listSolvers,
  type PreparedSolver,
  type Problem,
  prepareSolver,
  type Solution,
  type SolveOptions,
  type Solver,
  type State,
  type Step,
  solve,
} from "./solvers/index.ts";
/** The tensor language: build expressions, differentiate them, evaluate them in float64. */
export * as tensor from "./tensor/index.ts";
export { gradient, input, jvp, type Tensor, vjp } from "./tensor/index.ts";
