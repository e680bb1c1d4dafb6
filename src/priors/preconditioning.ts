import * as z from "zod";
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

const positive = z.number().positive();
const steps = z.int().positive().max(100_000).optional();
const betas = { steps, betaStart: positive.max(1).optional(), betaEnd: positive.max(1).optional() };

const scheduleSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("linear"), ...betas }),
  z.strictObject({ type: z.literal("scaled-linear"), ...betas }),
  z.strictObject({
    type: z.literal("cosine"),
    steps,
    offset: positive.optional(),
    minBeta: z.number().min(0).optional(),
    maxBeta: positive.optional(),
  }),
  z.strictObject({ type: z.literal("alphas-cumprod"), values: z.array(z.number()).min(2) }),
]);

/** How the network's input, output and time relate to E[x0|x]; noise levels are on the network's own value scale. */
export const preconditioningSchema = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("edm"), sigmaData: positive, sigmaMin: positive, sigmaMax: positive }),
    z.strictObject({
      type: z.literal("vp"),
      prediction: z.enum(["eps", "x0", "v"]),
      schedule: scheduleSchema,
      /** Default: the ends of the schedule. */
      sigmaMin: positive.optional(),
      sigmaMax: positive.optional(),
    }),
    z.strictObject({
      type: z.literal("flow"),
      /** Which end of time is the clean picture. */
      cleanAt: z.union([z.literal(0), z.literal(1)]).optional(),
      sigmaMin: positive.optional(),
      sigmaMax: positive.optional(),
    }),
    z.strictObject({
      type: z.literal("ve"),
      prediction: z.enum(["x0", "eps"]),
      time: z.enum(["sigma", "log-sigma"]).optional(),
      sigmaMin: positive,
      sigmaMax: positive,
    }),
  ])
  .superRefine((p, ctx) => {
    try {
      const [min, max] = coordinatesOf(p).sigmaRange;
      if (!(min < max))
        ctx.addIssue({ code: "custom", path: ["sigmaMin"], message: `expected less than sigmaMax, ${max}` });
    } catch (error) {
      ctx.addIssue({ code: "custom", path: ["schedule"], message: (error as Error).message });
    }
  });

export type Preconditioning = z.infer<typeof preconditioningSchema>;

/** A network's coordinates: how it makes a denoiser, and the noise levels that it knows. */
export interface Coordinates {
  readonly parametrization: Parametrization;
  /** On the network's own value scale. */
  readonly sigmaRange: readonly [min: number, max: number];
}

/** The exact map that a card's preconditioning names. */
export function coordinatesOf(preconditioning: Preconditioning, { roundTime = false } = {}): Coordinates {
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
