import { z } from "zod";
import { createEngine } from "../../node/engine.ts";
import { loadPrior } from "../../node/models.ts";
import { sample } from "../../restore/index.ts";
import { type RawOptions, readOption, readSolverOptions } from "../arguments.ts";
import type { PictureCommand } from "../command.ts";
import { duration } from "../progress.ts";
import { plural } from "../report.ts";

export interface SampleArguments {
  output: string;
  model: string;
  seed: number;
  samples: number;
  option: Record<string, unknown>;
  size?: string;
  threads?: number;
  stopAfter?: number;
}

const count = z.int().min(1);

const schema = z.strictObject({
  output: z.string(),
  model: z.string(),
  seed: z.int().min(0),
  samples: count,
  option: z.record(z.string(), z.unknown()),
  size: z.string().optional(),
  threads: count.optional(),
  stopAfter: count.optional(),
});

/** Reads the command line. @throws UsageError */
export function readSampleArguments(raw: RawOptions): SampleArguments {
  const steps = readOption(raw, "steps");
  const size = readOption(raw, "size");
  const threads = readOption(raw, "threads");
  return {
    output: readOption(raw, "output") ?? "",
    model: readOption(raw, "model") ?? "natural",
    seed: readOption(raw, "seed") ?? 0,
    samples: readOption(raw, "samples") ?? 1,
    option: { ...(steps === undefined ? {} : { steps }), ...readSolverOptions(raw) },
    ...(size === undefined ? {} : { size }),
    ...(threads === undefined ? {} : { threads }),
  };
}

export const sampleCommand: PictureCommand<SampleArguments> = {
  name: "sample",
  schema,

  files: () => ({}),

  count: ({ samples }) => samples,

  async perform(args, { signal, progress }) {
    const prior = await loadPrior(args.model, { signal });
    const [width, height] = args.size?.split("x").map(Number) ?? [];
    const engine = await createEngine({ threads: args.threads });
    try {
      const result = await sample({
        prior,
        width,
        height,
        options: args.option,
        seed: args.seed,
        samples: args.samples,
        engine,
        signal,
        stopAfter: args.stopAfter,
        onProgress: (p) => progress("sampling", p),
      });
      const [first] = result.images;
      const { forwards } = result.counts;
      return {
        pictures: result.images,
        resolved: {
          ...args,
          option: { ...result.options },
          size: `${first.width}x${first.height}`,
          threads: result.threads,
          ...(result.stopped ? { stopAfter: result.steps } : {}),
        },
        record: {
          steps: result.steps,
          forwards,
          seconds: result.seconds,
          stopped: result.stopped,
          model: { name: prior.name, sha256: prior.hash },
        },
        summary: [
          ["prior", prior.name],
          [
            "work",
            `${plural(result.steps, "step")}, ${plural(forwards, "network forward")} in ${duration(result.seconds)}`,
          ],
        ],
        stopped: result.stopped ? `after ${plural(result.steps, "step")}` : undefined,
      };
    } finally {
      await engine.dispose();
    }
  },
};
