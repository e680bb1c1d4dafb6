import { describe, expect, test } from "vitest";
import { denoiserPrior } from "../../src/priors/index.ts";
import { ancestors, constant, evaluate, type Tensor, vjp } from "../../src/tensor/index.ts";

// E[x0|x] of N(0, 1): x/(1 + sigma²)
const denoise = (x: Tensor, sigma: Tensor) => x.div(sigma.square().add(1));

describe("a prior of a function", () => {
  test("denoises by it, and counts its calls and its derivatives", () => {
    const prior = denoiserPrior({ name: "own", channels: 1, denoise });
    const x = constant([1, 2], [1, 1, 1, 2]);
    const d = prior.denoise(x, constant(2));
    expect([...evaluate([d])[0].data]).toEqual([0.2, 0.4]);
    const [g] = vjp([d], [x], [x]);
    const labels = ancestors([d, g]).flatMap((t) =>
      t.op.name === "probe" ? [(t.attrs as { label: string }).label] : [],
    );
    expect(labels.sort()).toEqual(["forward", "forward'"]);
  });

  test("keeps what it is given and says the rest", () => {
    const prior = denoiserPrior({ name: "own", channels: 3, denoise, multipleOf: 8, sigmaRange: [0.1, 5], hash: "v1" });
    expect(prior).toMatchObject({ name: "own", channels: 3, multipleOf: 8, sigmaRange: [0.1, 5], hash: "v1" });
    expect(prior.card).toMatchObject({ name: "own", image: { channels: 3 }, architecture: { type: "function" } });
    expect(prior.settings).toBeUndefined();
    expect(denoiserPrior({ name: "own", channels: 3, denoise }).multipleOf).toBe(1);
  });

  test("two priors are two networks unless they say that they are one", () => {
    const hashes = ["a", "a", undefined, undefined].map(
      (hash) => denoiserPrior({ name: "own", channels: 1, denoise, ...(hash ? { hash } : {}) }).hash,
    );
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(3);
  });

  test.each([
    [{ channels: 0 }, "prior own, channels: expected a whole number above 0, got 0"],
    [{ channels: 1.5 }, "channels"],
    [{ channels: 1, sigmaRange: [1, 1] as const }, "prior own, sigmaRange: expected two rising numbers above 0"],
    [{ channels: 1, sigmaRange: [0, 1] as const }, "sigmaRange"],
  ])("refuses %o", (fields, message) => {
    expect(() => denoiserPrior({ name: "own", denoise, ...fields })).toThrow(message);
  });
});
