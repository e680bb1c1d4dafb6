import { describe, expect, it } from "vitest";
import { listSolvers } from "../../src/solvers/index.ts";
import { expectOneLine, tweedie } from "./helpers.ts";

describe("tweedie solvers", () => {
  it("has a line for each registered solver, with its reference", async () => {
    const { code, out, err } = await tweedie("solvers");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.split("\n");
    for (const { name, reference } of listSolvers()) {
      const line = lines.find((l) => l.startsWith(`${name} `));
      expect(line).toContain(reference);
    }
  });

  it("says what a solver needs, gives and costs", async () => {
    const { out } = await tweedie("solvers");
    const line = (name: string) => out.split("\n").find((l) => l.startsWith(`${name} `)) ?? "";
    expect(line("dps")).toMatch(/VJP +sample +1000 × 1 F \+ 1 V/);
    expect(line("exact-covariance")).toMatch(/VJP, linear +sample +100 × 1 F \+ 3 V/);
    expect(line("ddrm")).toMatch(/linear, SVD +sample +20 × 1 F {2}/);
    expect(line("vml-map")).toMatch(/VJP, linear +point +50 × 11 F \+ 10 V/);
    expect(line("psld")).toMatch(/latent prior, VJP, linear +sample +1000 × 1 F \+ 1 V \+ 4 A/);
    expect(line("posterior-mean")).toMatch(/plain denoising +point/);
  });

  it("gives the same as JSON", async () => {
    const { out } = await tweedie("solvers", "--json");
    const all = JSON.parse(out) as { name: string }[];
    expect(all.map(({ name }) => name)).toEqual(listSolvers().map(({ name }) => name));
    expect(all.find(({ name }) => name === "ddnm")).toMatchObject({
      needs: { vjp: false, linear: true, pseudoInverse: true },
      sampler: true,
      steps: 100,
      forwardsPerStep: 1,
      vjpsPerStep: 0,
    });
  });

  it("lists the options of one, with defaults and published settings", async () => {
    const { code, out } = await tweedie("solvers", "dps");
    expect(code).toBe(0);
    expect(out).toMatch(/^dps: Diffusion Posterior Sampling/);
    expect(out).toMatch(/ {2}steps=1000 +a whole number from 1\n/);
    expect(out).toMatch(/ {2}zeta=0.5 +a number from 0\n/);
    expect(out).toMatch(/ {2}weight="norm" +norm, bayes\n/);
    expect(out).toMatch(/published settings by task\n( .*\n)* {2}super-resolution +zeta=0.3/);
    const { out: json } = await tweedie("solvers", "dps", "--json");
    const { options } = JSON.parse(json) as { options: { key: string; initial: unknown }[] };
    expect(options.find(({ key }) => key === "eta")).toMatchObject({ initial: 1 });
  });

  it("lists published settings for latent priors apart", async () => {
    const { out } = await tweedie("solvers", "daps");
    expect(out).toMatch(
      /for latent priors\n( .*\n)* {2}super-resolution +steps=50 sigmaMax=10 odeSteps=2 sampler="hmc" inner=24/,
    );
    expect((await tweedie("solvers", "dps")).out).not.toContain("for latent priors");
  });

  it.each(listSolvers().map(({ name }) => name))("prints every option of %s", async (name) => {
    const { code, out } = await tweedie("solvers", name);
    expect(code).toBe(0);
    expect(out).not.toContain("undefined");
  });

  it("lists the names for one that is none", async () => {
    const ended = await tweedie("solvers", "ddmr");
    expect(ended.code).toBe(2);
    expectOneLine(ended, /expected one of .*ddrm/);
  });
});
