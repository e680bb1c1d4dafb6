import {
  createSchedule,
  edm,
  epsPrediction,
  flow,
  type Parametrization,
  scheduleTime,
  varianceExploding,
  vPrediction,
  x0Prediction,
} from "../diffusion/index.ts";
import type { Preconditioning } from "./card.ts";

export interface Border {
  readonly parametrization: Parametrization;
  /** On the network's own value scale. */
  readonly sigmaRange: readonly [number, number];
}

/** The exact map that a card's preconditioning names. */
export function borderOf(preconditioning: Preconditioning, { roundTime = false } = {}): Border {
  switch (preconditioning.type) {
    case "edm": {
      const { sigmaData, sigmaMin, sigmaMax } = preconditioning;
      return { parametrization: edm(sigmaData), sigmaRange: [sigmaMin, sigmaMax] };
    }
    case "vp": {
      const schedule = createSchedule(preconditioning.schedule);
      const { sigmaMin = schedule.sigma[0], sigmaMax = schedule.sigma[schedule.sigma.length - 1] } = preconditioning;
      const make = { eps: epsPrediction, x0: x0Prediction, v: vPrediction }[preconditioning.prediction];
      return { parametrization: make(scheduleTime(schedule, { round: roundTime })), sigmaRange: [sigmaMin, sigmaMax] };
    }
    case "flow": {
      const { cleanAt = 0, sigmaMin = 1e-3, sigmaMax = 1e3 } = preconditioning;
      return { parametrization: flow(cleanAt), sigmaRange: [sigmaMin, sigmaMax] };
    }
    case "ve": {
      const { prediction, time = "sigma", sigmaMin, sigmaMax } = preconditioning;
      const parametrization = varianceExploding(prediction, time === "sigma" ? (s) => s : (s) => s.log());
      return { parametrization, sigmaRange: [sigmaMin, sigmaMax] };
    }
  }
}

/** Noise levels on [low, high] as levels on [-1, 1]. */
export function ownScale(
  [min, max]: readonly [number, number],
  [low, high]: readonly [number, number],
): readonly [number, number] {
  const a = (high - low) / 2;
  return [min / a, max / a];
}
