import type { Engine } from "../../engine/index.ts";
import { TweedieError } from "../../errors.ts";
import type { Operator } from "../../operators/index.ts";
import type { Prior } from "../../priors/index.ts";
import { keepKnown, prepareSolver, runToEnd, type Solver, startOf } from "../../solvers/index.ts";
import { sizeOf } from "../../tensor/index.ts";
import { type Coverage, coverageOf } from "./coverage.ts";

/** One truth and what was measured of it. */
export interface CalibrationCase {
  /** Flat in the operator's domain, [-1, 1]. */
  readonly truth: Float32Array;
  /** Flat in the operator's range. */
  readonly measurement: Float32Array;
  /** Of its samples; they depend on nothing else. */
  readonly seed: number;
}

export interface CalibrationRequest {
  readonly solver: Solver;
  readonly options: Readonly<Record<string, unknown>>;
  readonly operator: Operator;
  /** On the [-1, 1] scale. */
  readonly sigmaY: number;
  readonly prior: Prior;
  readonly engine: Engine;
  /** K: 39 makes the intervals of 50, 80, 90 and 95 % exact. */
  readonly samples: number;
  readonly signal?: AbortSignal;
  /** Called before each step: which case is under way, and the share of its samples that are drawn. */
  readonly onProgress?: (index: number, share: number) => void;
}

/** Values of all samples that run side by side: enough to fill the cores, little enough to stay in their caches. */
const valuesAtOnce = 3 * 96 ** 2;

/**
 * Draws K posterior samples for each case with one compiled program and says how often they cover the truth.
 * @throws TweedieError `aborted` when stopped (what was passed to `onCase` stands), and like `solve`
 */
export async function calibrate(
  cases: readonly CalibrationCase[],
  request: CalibrationRequest,
  onCase?: (index: number, coverage: Coverage) => Promise<void> | void,
): Promise<Coverage[]> {
  const { solver, options, operator, sigmaY, prior, engine, samples, signal } = request;
  if (!(Number.isInteger(samples) && samples >= 2))
    throw new TweedieError("invalid-option", {
      what: "samples",
      expected: "a whole number from 2 on",
      got: String(samples),
    });
  const n = sizeOf(operator.domain);
  const rounds = Math.ceil(samples / Math.max(1, Math.floor(valuesAtOnce / n)));
  const batch = Math.ceil(samples / rounds); // alike, so that few samples are drawn for nothing
  const prepared = await prepareSolver(
    { operator, sigmaY, prior },
    { solver, options, engine, samples: batch, signal },
  );
  try {
    const found: Coverage[] = [];
    for (const [index, { truth, measurement, seed }] of cases.entries()) {
      const start = await startOf(solver, operator, measurement, sigmaY, engine);
      const drawn: Float32Array[] = [];
      while (drawn.length < samples) {
        const first = drawn.length;
        const run = await runToEnd(
          prepared,
          { measurement, start },
          {
            seed,
            firstSample: first,
            signal,
            onProgress: ({ step, steps }) =>
              request.onProgress?.(index, Math.min(1, (first + (batch * step) / steps) / samples)),
          },
        );
        if (run.stopped) throw new TweedieError("aborted", { message: "the calibration was stopped" });
        const images = keepKnown(operator, sigmaY, measurement, run.pictures);
        for (let k = 0; k < batch && drawn.length < samples; k++) drawn.push(images.slice(k * n, (k + 1) * n));
      }
      found.push(coverageOf(truth, drawn));
      await onCase?.(index, found[index]);
    }
    return found;
  } finally {
    await prepared.dispose();
  }
}
