import { describe, expect, it } from "vitest";
import { createOperator } from "../../src/operators/index.ts";
import { settingsFor } from "../../src/settings/index.ts";
import { solverCost } from "../../src/solvers/cost.ts";
import { parseOptions } from "../../src/solvers/index.ts";
import { listSolvers } from "../../src/solvers/registry.ts";

const tasks = ["inpaint", "super-resolution", "blur", "denoise", "colorize", "hdr"];
const noises = [0, 0.02, 1];
const presets = ["fast", "balanced", "best"] as const;
const prior = { settings: "natural" } as const;
const operator = createOperator({ name: "denoise" }, { domain: [1, 3, 8, 8] });

describe.each(listSolvers().map(({ name }) => name))("presets of %s", (name) => {
  it("are options that the solver accepts, whose levels fall to a finite end, for every task and noise", () => {
    for (const task of tasks)
      for (const preset of presets)
        for (const sigmaY of noises) {
          const chosen = settingsFor({ operator: task, preset, sigmaY, solver: name, prior });
          expect(chosen.solver.name).toBe(name);
          const options = parseOptions(chosen.solver, chosen.options);
          const steps = chosen.solver.schedule(options, { sigmaY, operator });
          expect(steps.length).toBeGreaterThan(0);
          const numbers = steps.flatMap((s) => [s.sigma, ...Object.values(s.scalars).flat()]);
          expect(numbers.every(Number.isFinite), `${task} ${preset} ${sigmaY}`).toBe(true);
        }
  });
});

// At 256² on two cores a forward of the embedded prior takes about 40 ms, its VJP another 50.
describe.each(["pigdm", "exact-covariance", "ddrm", "ddnm", "mcg", "mpgd"])("the work of %s", (name) => {
  it.each([
    ["fast", 7],
    ["balanced", 30],
  ] as const)("%s fits in %i seconds", (preset, seconds) => {
    for (const task of ["inpaint", "super-resolution", "blur", "denoise", "colorize"]) {
      const { solver, options } = settingsFor({ operator: task, preset, sigmaY: 0.02, solver: name, prior });
      const { forwards, vjps } = solverCost(solver, parseOptions(solver, options));
      expect(0.04 * forwards + 0.05 * vjps).toBeLessThan(seconds);
    }
  });
});

describe("the choice of settings", () => {
  const ask = { operator: "blur", sigmaY: 0.02 } as const;

  it("says on which family of priors they were tuned", () => {
    const tuned = settingsFor({ ...ask, prior });
    expect([tuned.solver.name, tuned.source]).toEqual(["vml-map", "tuned on natural"]);
    const latents = settingsFor({ ...ask, operator: "super-resolution", prior: { settings: "latent" } });
    expect([latents.solver.name, latents.source]).toEqual(["red-diff", "tuned on latent"]);
  });

  it("falls back to what is published for a prior of no family", () => {
    const family = undefined;
    const choice = settingsFor({ ...ask, prior: { settings: family }, solver: "diffpir" });
    expect(choice.source).toBe("published");
    expect(choice.options).toEqual(choice.solver.forTask?.("blur"));
    expect(settingsFor({ ...ask, prior: { settings: family } }).solver.name).toBe("vml-map");
    expect(settingsFor({ ...ask, linear: false, prior: { settings: family } }).solver.name).toBe("red-diff");
    expect(settingsFor({ ...ask, operator: "denoise", prior: {} }).solver.name).toBe("posterior-mean");
  });

  it("takes a solver of one's own", () => {
    const own = { ...listSolvers()[0], name: "own", forTask: () => ({ steps: 3 }) };
    expect(settingsFor({ ...ask, prior, solver: own })).toEqual({
      solver: own,
      options: { steps: 3 },
      source: "published",
    });
  });
});
