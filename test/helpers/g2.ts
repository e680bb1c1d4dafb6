import { gaussianPrior } from "../../src/priors/index.ts";
import { matrixOperator } from "./matrix-operator.ts";
import { G2 } from "./problems.ts";

/** The Gaussian problem G2 as the solvers take it. */
export const g2Problem = {
  operator: matrixOperator(G2.measurement.A),
  denoise: gaussianPrior(G2.prior.means[0], G2.prior.covariances[0]).denoise,
  sigmaY: G2.measurement.sigmaY,
  y: G2.measurement.y,
};
