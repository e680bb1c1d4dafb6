import { createEngine } from "../../node/engine.ts";
import { loadPrior } from "../../node/models.ts";
import { sample } from "../../restore/index.ts";
import type { PictureCommand } from "../command.ts";
import { type SampleArguments, sampleSchema } from "../commands/sample.ts";
import { duration } from "../progress.ts";
import { plural } from "../report.ts";
import { sizeOf } from "./task.ts";

export const sampleCommand: PictureCommand<SampleArguments> = {
  name: "sample",
  schema: sampleSchema,

  prepare: async (args) => ({ args, files: {}, count: args.samples, besides: [] }),

  async perform({ args: { steps, ...args } }, _, { signal, progress }) {
    const prior = await loadPrior(args.model, { signal });
    const engine = await createEngine({ threads: args.threads });
    try {
      const result = await sample({
        prior,
        ...sizeOf(args.size),
        options: steps === undefined ? args.option : { steps, ...args.option },
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
