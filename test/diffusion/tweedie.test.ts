import { describe, expect, test } from "vitest";
import { covarianceJvp, covarianceVjp, expectedNoise, score } from "../../src/diffusion/index.ts";
import { exactMoments } from "../../src/priors/exact.ts";
import { mixturePrior } from "../../src/priors/mixture.ts";
import { rademacher } from "../../src/random/index.ts";
import { constant, evaluate, input } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { G2, M1 } from "../helpers/problems.ts";

const x = constant([0.7, -1.1]);
const sigma = constant(0.7);

describe("against the exact moments", () => {
  const { denoise } = mixturePrior(G2.prior);
  const exact = exactMoments(G2.prior, [0.7, -1.1], 0.7);

  test("score and expected noise", () => {
    const d = denoise(x, sigma);
    const [s, e] = evaluate([score(x, d, sigma), expectedNoise(x, d, sigma)]).map((r) => r.data);
    expectClose(s, exact.score, 1e-12);
    expectClose(
      e,
      exact.score.map((v) => -0.7 * v),
      1e-12,
    );
  });

  test("covariance-vector products by VJP and by JVP", () => {
    const v = [0.3, -2];
    const wanted = exact.jacobian.map((row) => 0.49 * (row[0] * v[0] + row[1] * v[1]));
    for (const product of [covarianceVjp, covarianceJvp])
      expectClose(evaluate([product(denoise, x, sigma, constant(v)).product])[0].data, wanted, 1e-12);
  });
});

test("one noise level a picture", () => {
  const { denoise } = mixturePrior(M1.prior);
  const pictures = constant(Float64Array.of(0.2, 0.2), [2, 1, 1, 1], "float32");
  const levels = constant(Float64Array.of(1, 0.5), [2, 1, 1, 1], "float32");
  const { product } = covarianceVjp(denoise, pictures, levels, constant(1, [2, 1, 1, 1]));
  const wanted = [1, 0.5].map((s) => s ** 2 * exactMoments(M1.prior, [0.2], s).jacobian[0][0]);
  expectClose(evaluate([product])[0].data, wanted, 1e-12);
});

test("Hutchinson's estimator of the trace is unbiased", () => {
  const { denoise } = mixturePrior(G2.prior);
  const u = input([2]);
  const estimate = covarianceVjp(denoise, x, sigma, u).product.dot(u);
  const exact = exactMoments(G2.prior, [0.7, -1.1], 0.7).jacobian;
  const draws = 2000;
  const signs = rademacher({ seed: 5, purpose: "probe" }, 2 * draws);
  let mean = 0;
  for (let i = 0; i < draws; i++)
    mean += evaluate([estimate], new Map([[u, signs.subarray(2 * i, 2 * i + 2)]]))[0].data[0] / draws;
  // With signs the estimate is trace ± 2·C12 with equal chance: the mean's standard error is 2·C12/√draws.
  const error = (2 * 0.49 * exact[0][1]) / Math.sqrt(draws);
  expect(Math.abs(mean - 0.49 * (exact[0][0] + exact[1][1]))).toBeLessThan(4 * error);
});
