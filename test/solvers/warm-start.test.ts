import { describe, expect, it } from "vitest";
import { createOperator } from "../../src/operators/index.ts";
import { exactMean, exactPosterior } from "../../src/priors/exact.ts";
import { gaussianPrior } from "../../src/priors/index.ts";
import { dps } from "../../src/solvers/dps.ts";
import { vmlMap } from "../../src/solvers/vml-map.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";
import { G2 } from "../helpers/problems.ts";

const identity = [
  [1, 0],
  [0, 1],
];
const y = [1.4, -0.9];
const sigmaY = 0.3;
const denoising = {
  operator: createOperator({ name: "denoise" }, { domain: [1, 1, 1, 2] }),
  denoise: gaussianPrior(G2.prior.means[0], G2.prior.covariances[0]).denoise,
  sigmaY,
  y,
};
const ones = (_: string, size: number) => new Float64Array(size).fill(1);

describe("a warm start", () => {
  it("of plain denoising is the measurement with the noise that is missing above its own level", () => {
    const at = (sigmaMax: number) =>
      prepare({ solver: dps, ...denoising, options: { warm: true, sigmaMax } }, 1).init(ones).x;
    expect([...at(0.3)]).toEqual(y);
    expect(at(0.5)[0]).toBeCloseTo(1.4 + 0.4, 12);
    expect(at(0.2)[0]).toBeCloseTo(0.2, 12); // below its level, y says too little: the first guess (here 0) takes its place
  });

  it("of anything else is the first guess with noise", () => {
    const { x } = prepare({ solver: dps, ...g2Problem, start: [2, 3], options: { warm: true, sigmaMax: 0.5 } }, 1).init(
      ones,
    );
    expect([...x]).toEqual([2.5, 3.5]);
  });
});

// KL( p(x0|x) ‖ p(x0|y) ) vanishes at x = y where σ = σ_y: that level alone gives the posterior mean.
it("VML-MAP stays at the measurement on its own noise level", () => {
  const options = { precondition: "cg", warm: true, steps: 1, inner: 3, sigmaMax: sigmaY, sigmaMin: sigmaY };
  const estimate = solveInFloat64({ solver: vmlMap, ...denoising, options });
  const exact = exactMean(exactPosterior(G2.prior, { A: identity, sigmaY, y }));
  expect(estimate[0]).toBeCloseTo(exact[0], 12);
  expect(estimate[1]).toBeCloseTo(exact[1], 12);
});
