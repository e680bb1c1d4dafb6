import { describe, expect, it } from "vitest";
import { ddimStep } from "../../src/diffusion/index.ts";
import { mpgd } from "../../src/solvers/mpgd.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare } from "../helpers/float64-solver.ts";
import { g2Problem } from "../helpers/g2.ts";

const [sigma, next] = [0.7, 0.3];
const d = [1.1120527307, 0.3134023854];
const run = (options: Record<string, unknown>, y = g2Problem.y) =>
  prepare({ solver: mpgd, ...g2Problem, y, options: { clip: false, ...options } }, 1).step(
    { kind: "step", sigma, scalars: { sigma, next } },
    { x: [1, 1] },
    (_, size) => new Float64Array(size),
    ["next.x", "estimate"],
  );

describe("one step on the Gaussian problem G2", () => {
  it("moves the denoised picture along the gradient of the norm, in variance-preserving units of the next level", () => {
    const { estimate } = run({ zeta: 0.2 });
    const step = 0.2 * Math.sqrt(1 + next ** 2);
    expectClose(estimate, [d[0] - step * 1, d[1] - step * 0.5], 1e-9); // ∇‖y − A x̂0‖ = (1, ½)
  });

  it("keeps the network's noise in DDIM's step", () => {
    const { estimate, "next.x": x } = run({ zeta: 0.2, eta: 0.5 });
    const [{ data: free }] = evaluate([
      ddimStep(constant([1, 1]), constant(d), constant(sigma), constant(next), constant([0, 0]), 0.5),
    ]);
    expectClose(
      x.map((v, i) => v - free[i]),
      estimate.map((v, i) => v - d[i]),
      1e-9,
    );
  });

  it("asks for no derivative of the network", () => {
    const free = run({ zeta: 0 });
    expectClose(free.estimate, d, 1e-9);
  });

  it("scales the step with the square root of the picture's size", () => {
    const { estimate } = run({ zeta: 0.2, anySize: true });
    const step = 0.2 * Math.sqrt(1 + next ** 2) * Math.sqrt(2 / (3 * 256 ** 2));
    expectClose(estimate, [d[0] - step, d[1] - step / 2], 1e-9);
  });

  it("bounded, goes no further than the noise in the data allows", () => {
    const left = d[0] + d[1] / 2 - 0.5; // of y = 0.5
    const { estimate } = run({ zeta: 100, bounded: true }, [0.5]);
    const step = (left - 0.1) / 1.25; // ‖A‖² = 1.25, σ_y√m = 0.1
    expectClose(estimate, [d[0] - step, d[1] - step / 2], 1e-9);
    expect(run({ zeta: 100, bounded: true }).estimate[0]).toBeCloseTo(d[0], 9); // 0.069 away: less than the noise
  });
});
