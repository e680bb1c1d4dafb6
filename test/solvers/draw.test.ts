import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { karrasSigmas } from "../../src/diffusion/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { isotropicPrior, mixturePrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { type DrawOptions, draw as drawFrom, type Sampler } from "../../src/solvers/draw.ts";
import { expectClose } from "../helpers/close.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const gaussian = isotropicPrior(0.3, 0.25);
const shape = [3, 16, 16] as const;
const draw = (rest: Partial<DrawOptions> = {}) => drawFrom({ engine, prior: gaussian, shape, steps: 20, ...rest });

/** The variance that a sampler's pictures have on the Gaussian: each step scales the deviation from the mean and adds noise. */
function varianceOf(sampler: Sampler, sigmas: Float64Array, eta: number): number {
  const gain = (sigma: number) => 0.25 / (0.25 + sigma ** 2);
  let variance = sigmas[0] ** 2;
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const [from, to] = [sigmas[i], sigmas[i + 1]];
    if (sampler === "heun" && to > 0) {
      const slope = (1 - gain(from)) / from;
      const ahead = 1 + slope * (to - from);
      variance *= (1 + ((slope + (ahead * (1 - gain(to))) / to) * (to - from)) / 2) ** 2;
    } else {
      const up2 = eta ** 2 * to ** 2 * (1 - (to / from) ** 2);
      variance = variance * (gain(from) + (Math.sqrt(to ** 2 - up2) / from) * (1 - gain(from))) ** 2 + up2;
    }
  }
  return variance;
}

describe("draw", () => {
  test.each([
    ["euler", 0],
    ["heun", 0],
    ["ddim", 0.5],
    ["ancestral", 1],
  ] as const)("%s: pictures of the mean and variance that its recursion implies", async (sampler, eta) => {
    const sigmas = karrasSigmas({ steps: 30, min: 0.002, max: 80 });
    const { pictures, shape: got } = await draw({ sampler, samples: 3, sigmas, eta });
    expect(got).toEqual([3, 3, 16, 16]);
    const n = pictures.length;
    const wanted = varianceOf(sampler, sigmas, eta);
    expect(Math.abs(wanted / 0.25 - 1)).toBeLessThan(0.4); // the method's own bias
    const mean = pictures.reduce((s, v) => s + v, 0) / n;
    const variance = pictures.reduce((s, v) => s + (v - mean) ** 2, 0) / n;
    expect(Math.abs(mean - 0.3)).toBeLessThan(4 * Math.sqrt(wanted / n) + 0.003); // and the start's mean 0
    expect(Math.abs(variance / wanted - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  });

  test("Euler's pictures are the recursion's, in closed form", async () => {
    const sigmas = karrasSigmas({ steps: 20, min: 0.002, max: 80 });
    const { pictures } = await draw({ sampler: "euler", sigmas, seed: 7 });
    const wanted = Float64Array.from(normals({ seed: 7, purpose: "start" }, 768), (z) => {
      let x = z * sigmas[0];
      for (let i = 0; i < 20; i++) {
        const d = 0.3 + (0.25 / (0.25 + sigmas[i] ** 2)) * (x - 0.3);
        x = d + (sigmas[i + 1] / sigmas[i]) * (x - d);
      }
      return x;
    });
    expectClose(pictures, wanted, 2e-5);
  });

  test("a picture depends on seed and number alone", async () => {
    const all = await draw({ samples: 3, sampler: "ancestral", seed: 5 });
    const third = await draw({ firstSample: 2, sampler: "ancestral", seed: 5 });
    expect(third.pictures).toEqual(all.pictures.slice(2 * 768));
    const other = await draw({ firstSample: 2, sampler: "ancestral", seed: 6 });
    expect(other.pictures).not.toEqual(third.pictures);
  });

  test("counts evaluations: N, and 2N - 1 for Heun", async () => {
    expect((await draw({ sampler: "euler", samples: 2 })).forwards).toBe(40);
    expect((await draw({ sampler: "heun" })).forwards).toBe(39);
  });

  test("DDIM runs from eta = 0 (Euler) to eta = 1 (ancestral)", async () => {
    const [euler, ddim0, ddim1, ancestral] = await Promise.all([
      draw({ sampler: "euler" }),
      draw({ sampler: "ddim", eta: 0 }),
      draw({ sampler: "ddim", eta: 1 }),
      draw({ sampler: "ancestral" }),
    ]);
    expect(ddim0.pictures).toEqual(euler.pictures);
    expect(ddim1.pictures).toEqual(ancestral.pictures);
  });

  test("draws both modes of a mixture", async () => {
    const prior = mixturePrior({ weights: [0.5, 0.5], means: [[-1], [1]], covariances: [[[0.01]], [[0.01]]] });
    const { pictures } = await draw({ prior, shape: [1, 1, 1], samples: 24, steps: 24, sampler: "euler" });
    const high = pictures.filter((v) => Math.abs(v - 1) < 0.5).length;
    const low = pictures.filter((v) => Math.abs(v + 1) < 0.5).length;
    expect(high + low).toBe(24);
    expect(high).toBeGreaterThan(5);
    expect(low).toBeGreaterThan(5);
  });

  test("clips the estimates when asked to", async () => {
    const { pictures } = await draw({ clip: [-0.2, 0.2] });
    expect(pictures.every((v) => Math.abs(v) <= 0.2 + 1e-6)).toBe(true);
  });

  test("reports progress and stops within one step, with what is there", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const result = await draw({
      samples: 2,
      signal: controller.signal,
      onProgress: ({ step, steps }) => {
        expect(steps).toBe(40);
        seen.push(step);
        if (step === 25) controller.abort();
      },
    });
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(result).toMatchObject({ stopped: true, shape: [2, 3, 16, 16] });
    await expect(draw({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  });

  test.each<Partial<DrawOptions>>([
    { steps: 0 },
    { samples: 0 },
    { eta: 2 },
    { sigmas: [1, 2, 0] },
    { sigmas: [1] },
    { clip: [1, -1] },
  ])("refuses %j", async (options) => {
    await expect(draw(options)).rejects.toMatchObject({ code: "invalid-option" });
  });
});
