import { expect, it } from "vitest";
import { settingsFor } from "../../src/settings/index.ts";
import { listSolvers } from "../../src/solvers/index.ts";
import { parseOptions } from "../../src/solvers/problem.ts";

const ask = (settings: "natural" | "latent") => ({ prior: { settings } });
const tasks = [
  "inpaint",
  "super-resolution",
  "blur",
  "denoise",
  "colorize",
  "hdr",
  "phase-retrieval",
  "nonlinear-blur",
];

it.each(listSolvers().map((s) => [s.name, s] as const))(
  "%s knows the options of its published settings",
  (_, solver) => {
    for (const task of tasks)
      for (const latent of [false, true])
        expect(() => parseOptions(solver, solver.forTask?.(task, latent) ?? {})).not.toThrow();
  },
);

it.each(listSolvers().map((s) => [s.name, s] as const))("%s knows the options of its presets", (name, solver) => {
  for (const task of tasks)
    for (const preset of ["fast", "balanced", "best"] as const)
      for (const sigmaY of [0, 0.02, 0.4])
        expect(() =>
          parseOptions(
            solver,
            settingsFor({ ...ask("natural"), operator: task, preset, sigmaY, solver: name }).options,
          ),
        ).not.toThrow();
});

it.each(listSolvers().map((s) => [s.name, s] as const))(
  "%s knows the options of its latent presets",
  (name, solver) => {
    for (const task of tasks)
      for (const preset of ["fast", "balanced", "best"] as const)
        for (const sigmaY of [0, 0.02, 0.4]) {
          const { options } = settingsFor({ ...ask("latent"), operator: task, preset, sigmaY, solver: name });
          expect(() => parseOptions(solver, options)).not.toThrow();
        }
  },
);
