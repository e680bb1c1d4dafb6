import { expect, it } from "vitest";
import { parseOptions } from "../../src/solvers/check.ts";
import { listSolvers, presetFor } from "../../src/solvers/index.ts";

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
        expect(() => parseOptions(solver, presetFor(task, preset, sigmaY, name).options)).not.toThrow();
});

it.each(listSolvers().map((s) => [s.name, s] as const))(
  "%s knows the options of its latent presets",
  (name, solver) => {
    for (const task of tasks)
      for (const preset of ["fast", "balanced", "best"] as const)
        for (const sigmaY of [0, 0.02, 0.4]) {
          const { options } = presetFor(task, preset, sigmaY, name, { latent: true });
          expect(() => parseOptions(solver, options)).not.toThrow();
        }
  },
);
