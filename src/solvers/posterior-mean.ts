/**
 * Posterior mean of a noisy picture in one network call. For A = I and Gaussian noise the measurement is itself a
 * noised picture of level σ_y, so that Tweedie's formula (Robbins 1956; Efron 2011) gives the minimum-mean-square-error
 * answer directly:
 *
 *   E[x0 | y] = D(y, σ_y)
 */
import * as z from "zod";
import type { Solver } from "./solver.ts";

const options = z.strictObject({});

export const posteriorMean: Solver<z.output<typeof options>> = {
  name: "posterior-mean",
  reference: "Tweedie's formula; Efron, Tweedie's Formula and Selection Bias, 2011",
  needs: { vjp: false, linear: true, identity: true },
  sampler: false,
  options,
  schedule: (_, { sigmaY }) => [{ kind: "step", sigma: sigmaY, scalars: { sigma: sigmaY } }],
  init: ({ y, shape }) => ({ x: y.expand(shape) }),
  steps: () => ({
    step({ x }, { denoise, scalar, noisy }) {
      return { next: { x }, estimate: noisy ? denoise(x, scalar("sigma")) : x };
    },
  }),
};
