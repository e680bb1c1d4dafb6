// Types of the public API: `tsc` checks this file, nothing runs it. An error that no longer occurs is an error.
import * as z from "zod";
import {
  type Engine,
  type Prior,
  type Problem,
  type RestoreRequest,
  restoreSteps,
  type Solver,
  solve,
} from "../src/core.ts";
import { type Image, restore } from "../src/index.ts";

declare const image: Image;
declare const prior: Prior;
declare const engine: Engine;
declare const problem: Problem;
declare const mine: Solver<{ readonly rate: number; readonly steps: number }>;

const request = { image, prior, task: { name: "denoise" } } as const;

export const right = [
  restore(request),
  restore({ ...request, engine, solver: "dps", options: { zeta: 1 } }),
  restore({ ...request, onProgress: ({ secondsLeft }) => secondsLeft.toFixed() }),
  // The settings choose the solver: options of any of them.
  restore({ ...request, options: { steps: 10 } }),
  restore({ ...request, solver: mine, options: { rate: 2 } }),
  restoreSteps({ ...request, engine, solver: "red-diff", options: { steps: 4 } }),
  solve(problem, { solver: mine, engine, options: { rate: 0.3 } }),
];

export const ofOneSolver: RestoreRequest<"dps">["options"] = { zeta: 1 };
export const schema: z.ZodType<{ rate: number; steps: number }> = z.strictObject({ rate: z.number(), steps: z.int() });

// @ts-expect-error no solver of this name
restore({ ...request, solver: "dpss" });
// @ts-expect-error no option of this name
restore({ ...request, solver: "dps", options: { zetaa: 1 } });
// @ts-expect-error a number
restore({ ...request, solver: "dps", options: { zeta: "no" } });
// @ts-expect-error no option of any solver
restore({ ...request, options: { zetaa: 1 } });
// @ts-expect-error an option of another solver
restore({ ...request, solver: mine, options: { zeta: 1 } });
// @ts-expect-error no option of this name
restoreSteps({ ...request, engine, solver: "dps", options: { zetaa: 1 } });
// @ts-expect-error no option of this name
solve(problem, { solver: mine, engine, options: { rat: 0.3 } });
// @ts-expect-error the core starts no engine
restoreSteps({ ...request });
// @ts-expect-error no task of this name
restore({ ...request, task: { name: "denoize" } });
