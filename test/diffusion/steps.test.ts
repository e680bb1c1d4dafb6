import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ancestralStep, ddimStep, eulerStep, heunStep, karrasSigmas, renoiseStep } from "../../src/diffusion/index.ts";
import { exactMoments, gaussian } from "../../src/priors/exact.ts";
import { mixturePrior } from "../../src/priors/mixture.ts";
import { constant, evaluate, input, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { G2 } from "../helpers/problems.ts";

const scalar = (v: number) => constant(v, []);
const numberOf = (x: Tensor) => evaluate([x])[0].data[0];

describe("one step", () => {
  const level = fc.double({ min: 0.01, max: 50, noNaN: true });
  const value = fc.double({ min: -3, max: 3, noNaN: true });

  test("DDIM(eta) is the published step in variance-preserving coordinates; eta = 0 is Euler", () => {
    fc.assert(
      fc.property(
        value,
        value,
        value,
        level,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (x, d, z, sigma, part, eta) => {
          const next = sigma * part;
          // Song et al. 2021, eq. 12, with alphaBar = 1/(1 + sigma²); 1 - alphaBar without cancellation for small sigma.
          const [at, as] = [1 / (1 + sigma ** 2), 1 / (1 + next ** 2)];
          const [vt, vs] = [sigma ** 2 * at, next ** 2 * as];
          const eps = (Math.sqrt(at) * x - Math.sqrt(at) * d) / Math.sqrt(vt);
          const c1 = eta * Math.sqrt(vs / vt) * Math.sqrt((sigma ** 2 - next ** 2) * at);
          const c2 = Math.sqrt(Math.max(0, vs - c1 ** 2));
          const wanted = (Math.sqrt(as) * d + c2 * eps + c1 * z) / Math.sqrt(as);
          const [a, b, c, e] = [x, d, sigma, next].map(scalar);
          expect(numberOf(ddimStep(a, b, c, e, scalar(z), eta))).toBeCloseTo(wanted, 7);
          expect(numberOf(ddimStep(a, b, c, e, scalar(z), 0))).toBeCloseTo(numberOf(eulerStep(a, b, c, e)), 10);
          expect(numberOf(ddimStep(a, b, c, e, scalar(z), scalar(eta)))).toBeCloseTo(wanted, 7);
        },
      ),
    );
  });

  test("the ancestral step has DDPM's mean and variance", () => {
    const [sigma, next, x, d] = [1.7, 0.6, 0.8, -0.3];
    const [at, as] = [1 / (1 + sigma ** 2), 1 / (1 + next ** 2)];
    const beta = 1 - at / as;
    const mean =
      ((Math.sqrt(as) * beta) / (1 - at)) * d + ((Math.sqrt(at / as) * (1 - as)) / (1 - at)) * Math.sqrt(at) * x;
    const deviation = Math.sqrt((beta * (1 - as)) / (1 - at));
    for (const z of [0, 1, -2]) {
      const got = numberOf(
        ancestralStep(...([x, d, sigma, next, z].map(scalar) as [Tensor, Tensor, Tensor, Tensor, Tensor])),
      );
      expect(got).toBeCloseTo((mean + deviation * z) / Math.sqrt(as), 12);
    }
  });

  test("re-noising keeps the variance next²: sqrt(1 - eta²) of the predicted noise, eta of the new", () => {
    const [x, d, sigma, next, z] = [1.3, 0.4, 2, 0.5, -0.7];
    for (const eta of [0, 0.3, 0.85, 1]) {
      const wanted = d + next * (Math.sqrt(1 - eta ** 2) * ((x - d) / sigma) + eta * z);
      const got = renoiseStep(scalar(x), scalar(d), scalar(sigma), scalar(next), scalar(z), eta);
      expect(numberOf(got)).toBeCloseTo(wanted, 12);
    }
  });

  test("to noise level 0 gives the denoised picture, without noise", () => {
    const [x, d, sigma, zero, z] = [1.3, 0.4, 2, 0, 9].map(scalar);
    expect(numberOf(eulerStep(x, d, sigma, zero))).toBeCloseTo(0.4, 15);
    expect(numberOf(ancestralStep(x, d, sigma, zero, z))).toBeCloseTo(0.4, 15);
    expect(numberOf(renoiseStep(x, d, sigma, zero, z, 1))).toBeCloseTo(0.4, 15);
  });
});

/** Runs a sampler on the host over the float64 evaluator. */
function run(
  sigmas: Float64Array,
  start: number[],
  step: (x: Tensor, sigma: Tensor, next: Tensor) => Tensor,
): Float64Array {
  const [x, sigma, next] = [input([start.length]), input([]), input([])];
  const move = step(x, sigma, next);
  let state: Float64Array = Float64Array.from(start);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const feeds = new Map<Tensor, ArrayLike<number>>([
      [x, state],
      [sigma, [sigmas[i]]],
      [next, [sigmas[i + 1]]],
    ]);
    state = evaluate([move], feeds)[0].data;
  }
  return state;
}

/**
 * The probability flow of N(mean, C) in closed form: along each eigenvector of C, x - mean grows as √(lambda + sigma²).
 * Here C is diagonal.
 */
const flowOf = (mean: number[], lambda: number[], x: number[], from: number, to: number) =>
  x.map((v, i) => mean[i] + (v - mean[i]) * Math.sqrt((lambda[i] + to ** 2) / (lambda[i] + from ** 2)));

describe("order of convergence on a Gaussian", () => {
  const [mean, lambda] = [
    [0.4, -0.2],
    [1.2, 0.09],
  ];
  const { denoise } = mixturePrior(
    gaussian(mean, [
      [lambda[0], 0],
      [0, lambda[1]],
    ]),
  );
  const [from, to] = [5, 0.1];
  const start = [3, -4];
  const wanted = flowOf(mean, lambda, start, from, to);
  const error = (steps: number, step: Parameters<typeof run>[2]) => {
    const grid = karrasSigmas({ steps: steps + 1, min: to, max: from, rho: 3 }).slice(0, -1);
    return Math.hypot(...run(grid, start, step).map((v, i) => v - wanted[i]));
  };
  const order = (step: Parameters<typeof run>[2]) => Math.log2(error(100, step) / error(200, step));

  test("Euler: 1", () => {
    expect(order((x, sigma, next) => eulerStep(x, denoise(x, sigma), sigma, next))).toBeCloseTo(1, 1);
  });
  test("Heun: 2", () => {
    expect(order((x, sigma, next) => heunStep(denoise, x, denoise(x, sigma), sigma, next))).toBeCloseTo(2, 1);
  });
});

/** Mean and covariance (xx, xy, yy) of what the ancestral sampler draws from G2's prior. */
function ancestralMoments(steps: number): { mean: number[]; covariance: number[] } {
  // The step is affine in x and in the noise, x' = F x + b + g z: mean and covariance follow without sampling.
  const grid = karrasSigmas({ steps, min: 0.002, max: 80 });
  const { denoise } = mixturePrior(G2.prior);
  const [x, sigma, next, noise] = [input([3, 2]), input([]), input([]), input([3, 2])];
  const step = ancestralStep(x, denoise(x, sigma), sigma, next, noise);
  const at = (i: number, from: number[], z: number[]) => {
    const feeds = new Map([
      [x, from],
      [sigma, [grid[i]]],
      [next, [grid[i + 1]]],
      [noise, z],
    ]);
    return evaluate([step], feeds)[0].data;
  };
  let mean = [0, 0];
  let covariance = [grid[0] ** 2, 0, grid[0] ** 2];
  for (let i = 0; i < steps; i++) {
    const [bx, by, px, py, qx, qy] = at(i, [0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]);
    const [f11, f21, f12, f22] = [px - bx, py - by, qx - bx, qy - by];
    const g = at(i, [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0])[0] - bx;
    const [mx, my] = mean;
    const [xx, xy, yy] = covariance;
    mean = [f11 * mx + f12 * my + bx, f21 * mx + f22 * my + by];
    const [a, b, c, d] = [f11 * xx + f12 * xy, f11 * xy + f12 * yy, f21 * xx + f22 * xy, f21 * xy + f22 * yy];
    covariance = [a * f11 + b * f12 + g * g, a * f21 + b * f22, c * f21 + d * f22 + g * g];
  }
  return { mean, covariance };
}

test("the ancestral sampler draws from the Gaussian: its covariance converges like 1/steps", () => {
  const error = (steps: number) => {
    const { mean, covariance } = ancestralMoments(steps);
    expectClose(mean, G2.prior.means[0], 2e-3);
    return covariance.map((c, i) => c - [1, 0.6, 0.5][i]);
  };
  const [coarse, fine] = [error(200), error(400)];
  expectClose(fine, [0, 0, 0], 0.03);
  fine.forEach((e, i) => {
    expect(Math.abs(e / coarse[i] - 0.5)).toBeLessThan(0.05);
  });
});

test("Euler and DDIM, eta = 0, agree along a whole run in rescaled coordinates", () => {
  const grid = karrasSigmas({ steps: 25, min: 0.01, max: 20 });
  const ve = run(grid, [7, -9], (x, s, t) => eulerStep(x, mixturePrior(G2.prior).denoise(x, s), s, t));
  // The same on the host in variance-preserving coordinates, with the exact posterior mean.
  let vp = [7, -9].map((v) => v / Math.sqrt(1 + grid[0] ** 2));
  for (let i = 0; i + 1 < grid.length; i++) {
    const [at, as] = [grid[i], grid[i + 1]].map((s) => 1 / (1 + s ** 2));
    const clean = exactMoments(
      G2.prior,
      vp.map((v) => v / Math.sqrt(at)),
      grid[i],
    ).denoised;
    vp = vp.map(
      (v, k) => Math.sqrt(as) * clean[k] + Math.sqrt(1 - as) * ((v - Math.sqrt(at) * clean[k]) / Math.sqrt(1 - at)),
    );
  }
  expectClose(ve, vp, 1e-10);
});
