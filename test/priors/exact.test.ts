import { describe, test } from "vitest";
import { exactCovariance, exactGuidance, exactMean, exactMoments, exactPosterior } from "../../src/priors/exact.ts";
import { expectClose } from "../helpers/close.ts";
import { G2, M1 } from "../helpers/problems.ts";

const close = (got: readonly number[], wanted: readonly number[], tolerance = 1e-9) =>
  expectClose(got, wanted, tolerance);

// The spot values were computed in numpy, float64, from the formulas for Gaussians and mixtures.
describe("G2 at sigma = 0.7, x = (1, 1)", () => {
  const at = exactMoments(G2.prior, [1, 1], 0.7);

  test("denoiser, Jacobian, score and density", () => {
    close(at.denoised, [1.1120527307, 0.3134023854]);
    close(at.jacobian.flat(), [0.5649717514, 0.263653484, 0.263653484, 0.3452605148]);
    close(at.score, [0.2286790422, -1.4012196216]);
    close([at.logDensity], [-2.7109416128]);
  });

  test("exact guidance and guided denoiser", () => {
    close(exactGuidance(G2.prior, G2.measurement, [1, 1], 0.7), [-0.104528602, -0.0654480887]);
    close(exactMoments(exactPosterior(G2.prior, G2.measurement), [1, 1], 0.7).denoised, [1.0608337157, 0.281332822]);
  });

  test("posterior, with and without noise", () => {
    const posterior = exactPosterior(G2.prior, G2.measurement);
    close(posterior.means[0], [1.11815562, 0.15417867], 1e-8);
    close(posterior.covariances[0].flat(), [0.0259366, -0.0368876, -0.0368876, 0.0835735], 5e-8);
    const sharp = exactPosterior(G2.prior, { ...G2.measurement, sigmaY: 0 });
    close(sharp.means[0], [1.12173913, 0.15652174], 1e-8);
    close(sharp.covariances[0].flat(), [0.02028986, -0.04057971, -0.04057971, 0.08115942], 1e-8);
  });
});

describe("M1", () => {
  test("density, score, Hessian, denoiser at sigma = 1, x = 0.2", () => {
    const at = exactMoments(M1.prior, [0.2], 1);
    close([Math.exp(at.logDensity), at.score[0], at.hessian[0][0]], [0.2223958638, 0.2965276184, -0.2471674661]);
    close([at.denoised[0], at.jacobian[0][0]], [0.4965276184, 0.7528325339]);
  });

  test.each([
    {
      y: 0.4,
      sigmaY: 0.6,
      shares: [0.03756226, 0.96243774],
      means: [-0.97540984, 0.80821918],
      v: [0.14754098, 0.21575342],
      mean: 0.7412,
    },
    { y: -0.2, sigmaY: 0.6, shares: [0.2838, 0.7162], means: [-1.1721, 0.5205], v: [0.1475, 0.2158], mean: 0.0402 },
    { y: -0.3, sigmaY: 1.5, shares: [0.3201, 0.6799], means: [-1.4394, 0.8755], v: [0.1892, 0.3183], mean: 0.1345 },
  ])("posterior for y = $y, sigma_y = $sigmaY", ({ y, sigmaY, shares, means, v, mean }) => {
    const posterior = exactPosterior(M1.prior, { ...M1.measurement, y: [y], sigmaY });
    const tolerance = y === 0.4 ? 1e-8 : 6e-5;
    close(posterior.weights, shares, tolerance);
    close(posterior.means.flat(), means, tolerance);
    close(posterior.covariances.flat(2), v, tolerance);
    close(exactMean(posterior), [mean], 6e-5);
  });
});

test("moments of a mixture by quadrature", () => {
  const step = 1e-3;
  let [mass, first, second] = [0, 0, 0];
  for (let x = -8; x < 8; x += step) {
    const p = Math.exp(exactMoments(M1.prior, [x], 0.4).logDensity) * step;
    mass += p;
    first += p * x;
    second += p * x * x;
  }
  close([mass, first], [1, exactMean(M1.prior)[0]], 1e-6);
  close([second - first ** 2], [exactCovariance(M1.prior)[0][0] + 0.16], 1e-6);
});
