export { type CalibrationCase, type CalibrationRequest, calibrate } from "./calibrate.ts";
export { type Calibration, type Coverage, coverageOf, levels, pool } from "./coverage.ts";
export { calibrationTable, renderCalibration } from "./report.ts";
export {
  type CalibrateRequest,
  type CalibrationOutcome,
  type CalibrationProgress,
  type CalibrationRow,
  runCalibration,
} from "./run.ts";
