export { degrade, holdsPicture, simulationPicture } from "./degrade.ts";
export { resolveMask } from "./mask.ts";
export { type NoiseLevel, QUIET } from "./noise.ts";
export { type Planes, picturePlanes, toPlanes } from "./planes.ts";
export type { RestoreProgress } from "./progress.ts";
export { type Restoration, type RestoreRequest, restore, TILE_SIZE } from "./restore.ts";
export { type SampleRequest, type Sampling, sample } from "./sample.ts";
export { type DegradeRequest, type Simulation, simulate } from "./simulate.ts";
export { type BlurKernel, isPictureTask, listTasks, parseTask, type Task, type TaskInput } from "./task.ts";
