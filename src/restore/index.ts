export { type DegradeRequest, degrade } from "./degrade.ts";
export { type NoiseLevel, QUIET } from "./noise.ts";
export type { RestoreProgress } from "./progress.ts";
export { type Restoration, type RestoreRequest, restore, TILE_SIZE } from "./restore.ts";
export { type SampleRequest, type Sampling, sample } from "./sample.ts";
export { type BlurKernel, parseTask, type Task, type TaskInput, type TaskName, taskNames } from "./task.ts";
