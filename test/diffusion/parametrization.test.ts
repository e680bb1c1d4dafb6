import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createSchedule,
  edm,
  epsPrediction,
  flow,
  type Network,
  type Parametrization,
  rescaled,
  scheduleTime,
  timeAt,
  varianceExploding,
  vPrediction,
  wrapNetwork,
  x0Prediction,
} from "../../src/diffusion/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { exactMoments } from "../../src/priors/exact.ts";
import { constant, evaluate, gradient, input, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { M1 } from "../helpers/problems.ts";

const scalar = (v: number) => constant(v, []);
const double = (v: ArrayLike<number>, shape?: number[]) => constant(Float64Array.from(v), shape, "float32");
const numberOf = (x: Tensor) => evaluate([x])[0].data[0];
const exact = (x: number, sigma: number) => exactMoments(M1.prior, [x], sigma).denoised[0];

/**
 * What a perfect network of each kind would say at (its own input u, its own time), worked out on the host from the definitions of
 * the diffusion it was trained on: u = a·x0 + s·eps.
 */
const kinds: { name: string; parametrization: Parametrization; network: (u: number, time: number) => number }[] = [
  {
    // alphaBar = 1/(1+sigma²); the time is sigma itself here
    name: "eps",
    parametrization: epsPrediction((sigma) => sigma),
    network: (u, sigma) => {
      const alpha = 1 / Math.sqrt(1 + sigma ** 2);
      const s = Math.sqrt(1 - alpha ** 2);
      return (u - alpha * exact(u / alpha, sigma)) / s;
    },
  },
  {
    name: "x0",
    parametrization: x0Prediction((sigma) => sigma),
    network: (u, sigma) => exact(u * Math.sqrt(1 + sigma ** 2), sigma),
  },
  {
    name: "v",
    parametrization: vPrediction((sigma) => sigma),
    network: (u, sigma) => {
      const alpha = 1 / Math.sqrt(1 + sigma ** 2);
      const s = Math.sqrt(1 - alpha ** 2);
      const clean = exact(u / alpha, sigma);
      return alpha * ((u - alpha * clean) / s) - s * clean;
    },
  },
  {
    name: "flow, noise at t = 1",
    parametrization: flow(),
    network: (u, t) => {
      const clean = exact(u / (1 - t), t / (1 - t));
      return (u - (1 - t) * clean) / t - clean;
    },
  },
  {
    name: "flow, picture at t = 1",
    parametrization: flow(1),
    network: (u, t) => {
      const clean = exact(u / t, (1 - t) / t);
      return clean - (u - t * clean) / (1 - t);
    },
  },
  {
    name: "EDM",
    parametrization: edm(0.5),
    network: (u, noise) => {
      const sigma = Math.exp(4 * noise);
      const total = sigma ** 2 + 0.25;
      const x = u * Math.sqrt(total);
      return (exact(x, sigma) - (0.25 / total) * x) / ((sigma * 0.5) / Math.sqrt(total));
    },
  },
  {
    name: "VE eps",
    parametrization: varianceExploding("eps"),
    network: (u, sigma) => (u - exact(u, sigma)) / sigma,
  },
  {
    name: "VE x0, told log sigma",
    parametrization: varianceExploding("x0", (sigma) => sigma.log()),
    network: (u, logSigma) => exact(u, Math.exp(logSigma)),
  },
];

describe.each(kinds)("$name", ({ parametrization, network }) => {
  /** Runs the host's network inside a graph: its value is looked up at the values that the graph asks for. */
  const denoise = (x: number, sigma: number, range: [number, number] = [1e-3, 1e3]) => {
    const spy: Network = (u, time) => {
      const [at, when] = evaluate([u, time]).map((r) => r.data[0]);
      return double([network(at, when)], [1, 1, 1, 1]);
    };
    return numberOf(wrapNetwork(spy, parametrization, range)(double([x], [1, 1, 1, 1]), scalar(sigma)));
  };

  test("a perfect network gives the exact denoiser", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: Math.log(0.01), max: Math.log(80), noNaN: true }),
        (z, logSigma) => {
          const sigma = Math.exp(logSigma);
          const x = 0.3 + z * sigma;
          expect(denoise(x, sigma)).toBeCloseTo(exact(x, sigma), 9);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("below the trained levels the score stays that of the lowest, so that D tends to x as sigma²", () => {
    const [x, min] = [0.9, 0.3];
    const atMin = exact(x, min);
    for (const sigma of [0.3, 0.2, 0.01, 1e-6]) {
      const wanted = x + (sigma / min) ** 2 * (atMin - x);
      expect(denoise(x, sigma, [min, 10])).toBeCloseTo(wanted, 12);
    }
    expect(denoise(x, 0, [min, 10])).toBe(x);
  });
});

test("above the trained levels the time is that of the highest", () => {
  const times: number[] = [];
  const spy: Network = (u, time) => {
    times.push(...evaluate([time])[0].data);
    return u;
  };
  const sigma = double([5, 1e6], [2, 1, 1, 1]);
  wrapNetwork(spy, edm(), [0.002, 80])(constant(0, [2, 1, 1, 1]), sigma);
  expectClose(times, [Math.log(5) / 4, Math.log(80) / 4], 1e-12);
});

describe("scheduleTime", () => {
  const schedule = createSchedule({ type: "linear" });
  const logSigma = fc.double({ min: Math.log(1e-3), max: Math.log(1000), noNaN: true });

  test("is the host's timeAt, clamped at both ends", () => {
    fc.assert(
      fc.property(logSigma, (log) => {
        const sigma = Math.exp(log);
        expect(numberOf(scheduleTime(schedule)(scalar(sigma)))).toBeCloseTo(timeAt(schedule, sigma), 8);
      }),
    );
    expect(numberOf(scheduleTime(schedule)(scalar(0)))).toBe(0);
  });

  test("rounds to the nearest trained time", () => {
    const time = scheduleTime(schedule, { round: true });
    for (const t of [0, 123.4, 123.6, 999]) {
      const below = Math.floor(t);
      const above = Math.min(below + 1, 999);
      const sigma = schedule.sigma[below] * (schedule.sigma[above] / schedule.sigma[below]) ** (t - below);
      expect(numberOf(time(scalar(sigma)))).toBe(Math.round(t));
    }
  });

  test("stays within 0.01 of a step in float32, on ONNX Runtime", async () => {
    const levels = Float32Array.from({ length: 500 }, (_, i) => 0.005 * 40000 ** (i / 499));
    const sigma = input([500, 1, 1, 1]);
    const engine = await createEngine({ threads: 1 });
    const program = await engine.compile({ inputs: { sigma }, outputs: { time: scheduleTime(schedule)(sigma) } });
    const { time } = await program.run({ sigma: levels });
    await engine.dispose();
    expectClose(
      time,
      Float64Array.from(levels, (s) => timeAt(schedule, s)),
      0.01,
    );
  });

  test("keeps the shape of sigma and is differentiable in it", () => {
    const sigma = input([2, 1, 1, 1]);
    const time = scheduleTime(schedule)(sigma);
    expect(time.shape).toEqual([2, 1, 1, 1]);
    const level = 2;
    const [{ data }] = evaluate(gradient(time.sum(), [sigma]), new Map([[sigma, [level, 0.3]]]));
    const h = 1e-6;
    expect(data[0]).toBeCloseTo((timeAt(schedule, level + h) - timeAt(schedule, level - h)) / (2 * h), 4);
  });
});

test("rescaled: a denoiser of pictures on [0, 1] or [0, 255] as one on [-1, 1]", () => {
  // On [0, 1] the mixture has its means and deviations mapped; D maps along.
  for (const [low, high] of [
    [0, 1],
    [0, 255],
    [-0.5, 0.5],
  ]) {
    const [a, b] = [(high - low) / 2, (high + low) / 2];
    const own = {
      weights: M1.prior.weights,
      means: M1.prior.means.map(([m]) => [a * m + b]),
      covariances: M1.prior.covariances.map(([[c]]) => [[c * a * a]]),
    };
    const network = (x: Tensor, sigma: Tensor) => {
      const [at, level] = evaluate([x, sigma]).map((r) => r.data[0]);
      return double(exactMoments(own, [at], level).denoised);
    };
    const got = numberOf(rescaled(network, [low, high])(double([0.7]), scalar(0.4)));
    expect(got).toBeCloseTo(exact(0.7, 0.4), 10);
  }
});
