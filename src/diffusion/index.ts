export type { Denoiser } from "./denoiser.ts";
export {
  edm,
  epsPrediction,
  flow,
  type Network,
  type Parametrization,
  rescaled,
  scheduleTime,
  varianceExploding,
  vPrediction,
  wrapNetwork,
  x0Prediction,
} from "./parametrization.ts";
export { createSchedule, type Schedule, type ScheduleSpec, sigmaAt, timeAt } from "./schedules.ts";
export { karrasSigmas, logUniformSigmas, type SigmaGrid, scheduleSigmas } from "./sigmas.ts";
export { ancestralStep, ddimStep, eulerStep, heunStep, renoiseStep } from "./steps.ts";
export { type CovarianceProduct, covarianceJvp, covarianceVjp, expectedNoise, score } from "./tweedie.ts";
