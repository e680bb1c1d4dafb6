import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covarianceJvp, covarianceVjp, score } from "../../src/diffusion/index.ts";
import { exactMoments, type Mixture } from "../../src/priors/exact.ts";
import { gaussianPrior, isotropicPrior } from "../../src/priors/gaussian.ts";
import { mixturePrior } from "../../src/priors/mixture.ts";
import { constant, evaluate, input, vjp } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { G2, M1 } from "../helpers/problems.ts";

const sigmaOf = (level: number) => constant(level, []);
const run = (mixture: Mixture, x: number[], level: number) =>
  Array.from(evaluate([mixturePrior(mixture).denoise(constant(x), sigmaOf(level))])[0].data);

describe("spot values in float64", () => {
  test("G2 at sigma = 0.7, x = (1, 1): D, J, score", () => {
    const prior = mixturePrior(G2.prior);
    const x = constant([1, 1]);
    const sigma = sigmaOf(0.7);
    const columns = [
      [1, 0],
      [0, 1],
    ].map((v) => evaluate([covarianceVjp(prior.denoise, x, sigma, constant(v)).product])[0].data.map((p) => p / 0.49));
    const denoised = prior.denoise(x, sigma);
    const [d, s] = evaluate([denoised, score(x, denoised, sigma)]).map((r) => r.data);
    const got = [...d, ...columns[0], ...columns[1], ...s];
    const wanted = [
      1.1120527307, 0.3134023854, 0.5649717514, 0.263653484, 0.263653484, 0.3452605148, 0.2286790422, -1.4012196216,
    ];
    expectClose(got, wanted, 1e-9);
  });

  test("M1 at sigma = 1, x = 0.2: D and J by VJP and by JVP", () => {
    const prior = mixturePrior(M1.prior);
    const x = constant([0.2]);
    const one = constant([1]);
    const pulled = covarianceVjp(prior.denoise, x, sigmaOf(1), one);
    const pushed = covarianceJvp(prior.denoise, x, sigmaOf(1), one);
    const [d, v, j] = evaluate([pulled.denoised, pulled.product, pushed.product]).map((r) => r.data[0]);
    expect(Math.abs(d - 0.4965276184)).toBeLessThan(1e-9);
    expect(Math.abs(v - 0.7528325339)).toBeLessThan(1e-9);
    expect(j).toBeCloseTo(v, 13);
  });
});

const component = (n: number) =>
  fc.record({
    mean: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: n, maxLength: n }),
    root: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n * n, maxLength: n * n }),
    weight: fc.double({ min: 0.05, max: 1, noNaN: true }),
  });

/** Random mixtures: covariances RRᵀ + I/10. */
const mixtures = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([n, count]) => fc.array(component(n), { minLength: count, maxLength: count }))
  .map((parts): Mixture => {
    const total = parts.reduce((s, p) => s + p.weight, 0);
    const n = parts[0].mean.length;
    const index = Array.from({ length: n }, (_, i) => i);
    return {
      weights: parts.map((p) => p.weight / total),
      means: parts.map((p) => p.mean),
      covariances: parts.map(({ root }) =>
        index.map((i) =>
          index.map((j) => index.reduce((s, k) => s + root[i * n + k] * root[j * n + k], i === j ? 0.1 : 0)),
        ),
      ),
    };
  });

describe("denoiser of a mixture", () => {
  test("is the exact posterior mean, at every noise level", () => {
    fc.assert(
      fc.property(mixtures, fc.double({ min: -3, max: 3, noNaN: true }), (mixture, logSigma) => {
        const level = Math.exp(logSigma);
        const x = mixture.means[0].map((m, i) => m + Math.sin(i + 1) * level);
        const wanted = exactMoments(mixture, x, level).denoised;
        expectClose(run(mixture, x, level), wanted, 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  test("returns the input at sigma = 0", () => {
    expect(run(G2.prior, [3, -2], 0)).toEqual([expect.closeTo(3, 12), expect.closeTo(-2, 12)]);
    expect(run(M1.prior, [0.3], 0)).toEqual([expect.closeTo(0.3, 12)]);
  });

  test("takes pictures and one noise level a picture", () => {
    const prior = mixturePrior(G2.prior, { channels: 2 });
    const values = Float64Array.of(1, 1, 0.2, -0.4);
    const sigma = constant(Float64Array.of(0.7, 2), [2, 1, 1, 1], "float32");
    const d = prior.denoise(constant(values, [2, 2, 1, 1], "float32"), sigma);
    expect(d.shape).toEqual([2, 2, 1, 1]);
    const wanted = [...run(G2.prior, [1, 1], 0.7), ...run(G2.prior, [0.2, -0.4], 2)];
    expectClose(evaluate([d])[0].data, wanted, 1e-12);
  });

  test("counts as one forward and one VJP", () => {
    const x = input([1, 2]);
    const d = mixturePrior(G2.prior).denoise(x, sigmaOf(1));
    expect(d.op.name).toBe("probe");
    expect(vjp([d], [x], [constant([1, 1], [1, 2])])[0].shape).toEqual([1, 2]);
  });

  test("refuses what is no mixture", () => {
    expect(() => mixturePrior({ ...M1.prior, weights: [0.5, 0.6] })).toThrow("add up to 1");
    expect(() => gaussianPrior([0], [[-1]])).toThrow("positive semi-definite");
    expect(() =>
      gaussianPrior(
        [0, 0],
        [
          [1, 0.5],
          [0.2, 1],
        ],
      ),
    ).toThrow("symmetric");
    expect(() => gaussianPrior([0, 0], [[1]])).toThrow("covariance of size");
    expect(() => isotropicPrior(0, 0)).toThrow("variance above 0");
  });
});

test("an isotropic Gaussian is the general one with covariance v·I", () => {
  const x = constant(Float64Array.of(0.3, -1, 0.8, 2), [1, 1, 2, 2], "float32");
  const general = gaussianPrior(
    [0.5, 0.5, 0.5, 0.5],
    [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 0.3 : 0))),
  );
  const [a, b] = evaluate([isotropicPrior(0.5, 0.3).denoise(x, sigmaOf(0.6)), general.denoise(x, sigmaOf(0.6))]);
  expectClose(a.data, b.data, 1e-13);
});
