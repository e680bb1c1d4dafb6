import { gaussian, type LinearMeasurement, type Mixture } from "../../src/priors/exact.ts";

export interface ExactProblem {
  readonly prior: Mixture;
  readonly measurement: LinearMeasurement;
}

/** Two correlated Gaussian numbers of which one combination is measured. */
export const G2: ExactProblem = {
  prior: gaussian(
    [0.5, -0.25],
    [
      [1, 0.6],
      [0.6, 0.5],
    ],
  ),
  measurement: { A: [[1, 0.5]], sigmaY: 0.1, y: [1.2] },
};

/** A bimodal number, measured with a gain of 0.8. */
export const M1: ExactProblem = {
  prior: { weights: [0.3, 0.7], means: [[-1.5], [1]], covariances: [[[0.2]], [[0.35]]] },
  measurement: { A: [[0.8]], sigmaY: 0.6, y: [0.4] },
};
