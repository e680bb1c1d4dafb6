import { describe, expect, it } from "vitest";
import { createSchedule, ddimStep } from "../../src/diffusion/index.ts";
import { descend, noiseLevels, reverseStep } from "../../src/solvers/noise-levels.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";

const defaults = { grid: "ddpm", sigmaMax: 157.407, sigmaMin: 0.01, rho: 7 } as const;

describe("noise levels", () => {
  it.each([20, 100, 250, 1000, 3])("are the timesteps of the official codes, %i steps", (steps) => {
    const { sigma } = createSchedule({ type: "linear" });
    const skip = Math.floor(1000 / steps);
    const timesteps = Array.from({ length: steps }, (_, i) => (steps - 1 - i) * skip);
    const levels = noiseLevels({ ...defaults, steps });
    expect(levels).toHaveLength(steps + 1);
    timesteps.forEach((t, i) => {
      expect(levels[i] / sigma[t]).toBeCloseTo(1, 5);
    });
    expect(levels.at(-1)).toBe(0);
  });

  it("are timesteps of latent diffusion on request", () => {
    const { sigma } = createSchedule({ type: "scaled-linear" });
    const levels = noiseLevels({ ...defaults, grid: "ldm", steps: 50 });
    [980, 960, 940].forEach((t, i) => {
      expect(levels[i]).toBeCloseTo(sigma[t], 9);
    });
    expect(levels.at(-2)).toBeCloseTo(0.029167, 5);
  });

  it("stay between the bounds asked for, falling", () => {
    const levels = noiseLevels({ ...defaults, steps: 12, sigmaMax: 2, sigmaMin: 0.05 });
    expect(levels[0]).toBeCloseTo(2, 9);
    expect(levels[11]).toBeCloseTo(0.05, 9);
    for (let i = 0; i < 12; i++) expect(levels[i + 1]).toBeLessThan(levels[i]);
  });

  it("are Karras's on request", () => {
    const levels = noiseLevels({ ...defaults, grid: "karras", steps: 5, sigmaMin: 0.002, sigmaMax: 80 });
    [80, 17.52783, 2.515219, 0.1697528, 0.002, 0].forEach((wanted, i) => {
      expect(levels[i]).toBeCloseTo(wanted, 4);
    });
  });

  it("make a step from each to the next", () => {
    expect(descend([3, 1, 0])).toEqual([
      { kind: "step", sigma: 3, scalars: { sigma: 3, next: 1 } },
      { kind: "step", sigma: 1, scalars: { sigma: 1, next: 0 } },
    ]);
  });
});

describe("the step from one level to the next", () => {
  const [x, denoised, z] = [constant([1, -2]), constant([0.4, 0.3]), constant([0.5, -1])];
  const levels = [constant(0.7), constant(0.3)] as const;
  const run = (reverse: "ddim" | "renoise", eta: number) => [
    ...evaluate([reverseStep({ reverse, eta }, x, denoised, levels, z)])[0].data,
  ];
  it("is DDIM's", () => {
    const [{ data }] = evaluate([ddimStep(x, denoised, ...levels, z, 0.5)]);
    expect(run("ddim", 0.5)).toEqual([...data]);
  });
  it("or forgets x: the estimate and fresh noise", () => {
    expect(run("renoise", 0.5)).toEqual([expect.closeTo(0.4 + 0.3 * 0.5, 12), expect.closeTo(0.3 - 0.3, 12)]);
  });
});
