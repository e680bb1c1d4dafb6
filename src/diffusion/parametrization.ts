import { constant, type Tensor } from "../tensor/index.ts";
import type { Denoiser } from "./denoiser.ts";
import type { Schedule } from "./schedules.ts";

/** A raw network: pictures on its own scale [N, C, H, W] and one time per picture [N]. */
export type Network = (u: Tensor, time: Tensor) => Tensor;

/**
 * How a raw network F makes a denoiser: D(x, sigma) = skip·x + out·F(scale·x, time). All four are functions of sigma.
 * Sources of the maps: algorithms of Karras et al. 2022 (table 1), Ho et al. 2020, Salimans & Ho 2022 (v), Lipman et al. 2023 (flow).
 */
export interface Parametrization {
  skip(sigma: Tensor): Tensor;
  out(sigma: Tensor): Tensor;
  scale(sigma: Tensor): Tensor;
  time(sigma: Tensor): Tensor;
}

type Time = (sigma: Tensor) => Tensor;

const one = (sigma: Tensor) => constant(1, [], sigma.dtype);
/** √ᾱ = 1/√(1+sigma²): from variance-exploding to variance-preserving coordinates. */
const sqrtAlphaBar = (sigma: Tensor) => sigma.square().add(1).sqrt().reciprocal();

/** EDM preconditioning (Karras et al. 2022): time = ln(sigma)/4. */
export function edm(sigmaData = 0.5): Parametrization {
  const total = (sigma: Tensor) => sigma.square().add(sigmaData ** 2);
  return {
    skip: (sigma) =>
      total(sigma)
        .reciprocal()
        .mul(sigmaData ** 2),
    out: (sigma) => sigma.mul(sigmaData).div(total(sigma).sqrt()),
    scale: (sigma) => total(sigma).sqrt().reciprocal(),
    time: (sigma) => sigma.log().mul(0.25),
  };
}

/** A variance-preserving network that predicts the noise: D = x - sigma·F. */
export function epsPrediction(time: Time): Parametrization {
  return { skip: one, out: (sigma) => sigma.neg(), scale: sqrtAlphaBar, time };
}

/** A variance-preserving network that predicts the clean picture: D = F. */
export function x0Prediction(time: Time): Parametrization {
  return { skip: (sigma) => constant(0, [], sigma.dtype), out: one, scale: sqrtAlphaBar, time };
}

/** A variance-preserving network that predicts v = √ᾱ eps - √(1-ᾱ) x0. */
export function vPrediction(time: Time): Parametrization {
  return {
    skip: (sigma) => sigma.square().add(1).reciprocal(),
    out: (sigma) => sigma.mul(sqrtAlphaBar(sigma)).neg(),
    scale: sqrtAlphaBar,
    time,
  };
}

/**
 * A flow u = eps - x0 on x_t = (1-t)·x0 + t·eps, t = sigma/(1+sigma) from 0 (clean) to 1 (noise).
 * @param cleanAt 1 where time runs the other way: the network is told 1-t and predicts x0 - eps
 */
export function flow(cleanAt: 0 | 1 = 0): Parametrization {
  const noisy: Time = (sigma) => sigma.div(sigma.add(1));
  const clean: Time = (sigma) => sigma.add(1).reciprocal();
  return cleanAt === 0
    ? { skip: clean, out: (sigma) => noisy(sigma).neg(), scale: clean, time: noisy }
    : { skip: clean, out: noisy, scale: clean, time: clean };
}

/** A plain denoiser of x = x0 + sigma·eps that gives the clean picture ("x0") or the noise ("eps"), told sigma by `time`. */
export function varianceExploding(prediction: "x0" | "eps", time: Time = (sigma) => sigma): Parametrization {
  return prediction === "x0" ? { ...x0Prediction(time), scale: one } : { ...epsPrediction(time), scale: one };
}

/**
 * The fractional time of a noise level within the graph: log sigma is interpolated linearly between the trained levels and
 * clamped at both ends. Time is a sum of ramps, one a segment, each clipped to [0, 1]: no search, differentiable between nodes.
 * @param round take the nearest trained time (in log sigma), for networks that know whole times only
 */
export function scheduleTime(schedule: Schedule, { round = false } = {}): Time {
  const logs = schedule.sigma.map(Math.log);
  const starts = logs.slice(0, -1);
  const slopes = starts.map((from, i) => 1 / (logs[i + 1] - from));
  return (sigma) => {
    const level = sigma.maximum(schedule.sigma[0]).log().unsqueeze(-1);
    const ramps = level.sub(constant(starts, undefined, sigma.dtype)).mul(constant(slopes, undefined, sigma.dtype));
    const time = ramps.clip(0, 1).sum(-1);
    return round ? time.round() : time;
  };
}

/**
 * Makes a denoiser of a raw network.
 *
 * Outside the trained range [min, max] the network keeps being asked at a level it knows. Above max its time is that of max and
 * the scaling that of sigma. Below min the score is taken to be that at min, s(x) = (D(x, min) - x)/min², so that
 * D(x, sigma) = x + (sigma/min)²·(D(x, min) - x): continuous at min, exact at sigma = 0 (D = x, J = I), and of the order
 * sigma² that Tweedie's formula gives a smooth density, whatever the network predicts.
 */
export function wrapNetwork(
  network: Network,
  parametrization: Parametrization,
  [min, max]: readonly [number, number],
): Denoiser {
  return (x, sigma) => {
    const level = sigma.maximum(min);
    // 1 at and above min: there every coefficient below is exactly the parametrization's own.
    const weight = sigma.div(min).minimum(1).square();
    const skip = parametrization.skip(level).mul(weight).add(weight.neg().add(1));
    const out = parametrization.out(level).mul(weight);
    const time = parametrization.time(level.minimum(max)).flatten().expand([x.shape[0]]);
    return x.mul(skip).add(network(x.mul(parametrization.scale(level)), time).mul(out));
  };
}

/**
 * A denoiser of pictures on [low, high] as one of pictures on [-1, 1]: x ↦ a·x + b carries the noise level to a·sigma.
 */
export function rescaled(denoise: Denoiser, [low, high]: readonly [number, number]): Denoiser {
  const [a, b] = [(high - low) / 2, (high + low) / 2];
  if (a === 1 && b === 0) return denoise;
  return (x, sigma) => denoise(x.mul(a).add(b), sigma.mul(a)).sub(b).div(a);
}
