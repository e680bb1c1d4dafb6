import { describe, expect, it } from "vitest";
import { createProblem, problemChoices } from "../../../src/bench/exact/problems.ts";
import { exactCsv, exactMarkdown } from "../../../src/bench/exact/report.ts";
import { type ExactResults, runExactBench } from "../../../src/bench/exact/run.ts";
import { variantsOf } from "../../../src/bench/exact/settings.ts";
import { listSolvers } from "../../../src/solvers/index.ts";
import { parseOptions } from "../../../src/solvers/problem.ts";
import { tweedie } from "../../cli/helpers.ts";

describe("the settings", () => {
  it("name options that the solvers know, for every solver and problem", () => {
    const problems = problemChoices()
      .filter((c) => c.sigmaY === 0.1 && !c.family.endsWith("256"))
      .map(createProblem);
    for (const solver of listSolvers())
      for (const variant of variantsOf(solver))
        for (const problem of problems) expect(() => parseOptions(solver, variant.options(problem))).not.toThrow();
  });
});

describe("the quick bench, of a sampler, an optimiser and a denoiser", () => {
  let results: ExactResults;
  const find = (label: string, problem: RegExp) => {
    const row = results.rows.find((r) => r.label === label && problem.test(r.problem));
    if (!row) throw new Error(`no row for ${label}`);
    return row;
  };
  it("runs", async () => {
    const heard: string[] = [];
    results = await runExactBench({
      quick: true,
      solvers: ["exact-covariance", "vml-map", "posterior-mean"],
      onRow: (row) => heard.push(`${row.problem} ${row.label}`),
    });
    expect(heard.sort()).toEqual(results.rows.map((r) => `${r.problem} ${r.label}`).sort());
    expect(results.rows.every((r) => r.status === "done")).toBe(true);
  });
  it("exact guidance comes as close as exact samples do", () => {
    const [own, floor] = [find("exact-covariance", /correlated-2/), find("exact", /correlated-2/)];
    expect(own.slicedWasserstein).toBeLessThan(floor.slicedWasserstein + 0.1);
    expect(own.covarianceError).toBeLessThan(0.15);
    expect(own.coverage).toBeGreaterThan(0.8);
    expect(own.forwards).toBe(100);
  });
  it("the mode seeker finds the MAP and nothing of the spread", () => {
    const row = find("vml-map (svd)", /correlated-2/);
    expect(row.mapError).toBeLessThan(0.01);
    expect(row.covarianceError).toBeCloseTo(1, 1);
    expect(row.coverage).toBeLessThan(0.05);
  });
  it("the posterior mean is run where it can be: plain denoising", () => {
    const rows = results.rows.filter((r) => r.label === "posterior-mean");
    expect(rows.map((r) => r.problem)).toEqual(["correlated-16/identity/0.1"]);
    expect(rows[0].meanError).toBeLessThan(1e-4);
  });
  it("predictions hold", () => {
    expect(results.predictions.map((p) => p.solver)).toEqual(["exact-covariance", "vml-map"]);
    for (const p of results.predictions) expect(p.agrees, p.solver).toBe(true);
  });
  it("is written as tables", () => {
    const text = exactMarkdown(results);
    for (const label of ["exact-covariance", "vml-map (svd)", "posterior-mean", "| exact "])
      expect(text).toContain(label);
    expect(exactCsv(results).trim().split("\n")).toHaveLength(results.rows.length + 1);
  });
});

describe("a solver that diverges", () => {
  it("is reported as such and does not end the bench", async () => {
    const { rows } = await runExactBench({ quick: true, solvers: ["dps"] });
    const diverged = rows.filter((r) => r.status === "diverged");
    expect(diverged.map((r) => r.label)).toContain("dps (1/σ_y²)");
    expect(exactMarkdown({ rows, predictions: [], seed: 0, quick: true, seconds: 0 })).toContain("diverged");
  });
});

describe("the command", () => {
  it("prints one JSON value", async () => {
    const { code, out } = await tweedie("bench", "exact", "--quick", "--solvers", "ddrm", "--json");
    expect(code).toBe(0);
    const parsed = JSON.parse(out) as ExactResults;
    expect(new Set(parsed.rows.map((r) => r.label))).toEqual(new Set(["exact", "ddrm"]));
  });
  it("names the solvers when asked for one that is none", async () => {
    const { code, err } = await tweedie("bench", "exact", "--solvers", "ddpm");
    expect(code).toBe(2);
    expect(err).toMatch(/expected one of .*red-diff.*got ddpm/s);
  });
});

it.each([[0], [30]])("stops when told to, %i ms after its start", async (delay) => {
  const controller = new AbortController();
  const running = runExactBench({
    quick: true,
    solvers: ["dps"],
    signal: controller.signal,
    onProgress: () => setTimeout(() => controller.abort(), delay),
  });
  await expect(running).rejects.toMatchObject({ code: "aborted" });
});
