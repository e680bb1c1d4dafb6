export type { Seam } from "../pictures/index.ts";
export { degrade, holdsPicture, simulationPicture } from "./degrade.ts";
export { resolveMask } from "./mask.ts";
export { type NoiseLevel, QUIET } from "./noise.ts";
export { type Planes, picturePlanes, toPlanes } from "./planes.ts";
export type { RestoreProgress } from "./progress.ts";
export {
  fromRange,
  MODEL_RANGE,
  measuresPicture,
  type PictureRange,
  type RecognisedRange,
  recogniseRange,
} from "./range.ts";
export { pagesRemark } from "./remarks.ts";
export type { OptionsFor, RestoreCall, RestoreRequest, RunRequest, SolverName } from "./request.ts";
export { type Restoration, type RestoreStep, type RunRecord, restore, restoreSteps, TILE_SIZE } from "./restore.ts";
export { type SampleRequest, type Sampling, sample } from "./sample.ts";
export { type SampleStatistics, sampleStatistics } from "./samples.ts";
export { type DegradeRequest, type Simulation, simulate } from "./simulate.ts";
export { decodeSnapshot, encodeSnapshot, type RestoreSnapshot } from "./snapshot.ts";
export { type BlurKernel, isPictureTask, listTasks, parseTask, type Task, type TaskInput } from "./task.ts";
