import { createEngine } from "../../node/engine.ts";
import { loadPrior } from "../../node/models.ts";
import { checkEncodable, formatFromPath, type Image } from "../../pictures/index.ts";
import {
  isPictureTask,
  type Restoration,
  restore,
  type SampleStatistics,
  sampleStatistics,
} from "../../restore/index.ts";
import type { PictureCommand, Prepared } from "../command.ts";
import { type RestoreArguments, restoreSchema } from "../commands/restore.ts";
import { isArrayFile } from "../outputs.ts";
import { describeRestoration, describeSamples, plural } from "../report.ts";
import { compare, describeMetrics, readReference } from "./metrics.ts";
import { type PreparedTask, prepareTask, sizeOf, toTask } from "./task.ts";

type PreparedRestore = PreparedTask<RestoreArguments> & Prepared<RestoreArguments>;

export const restoreCommand: PictureCommand<RestoreArguments, PreparedRestore> = {
  name: "restore",
  schema: restoreSchema,

  async prepare(given) {
    const task = await prepareTask(given);
    const { image, reference, samples } = given;
    const files = { image, ...task.files, ...(reference === undefined ? {} : { reference }) };
    return { ...task, files, count: samples, besides: samples > 1 ? ["mean", "std"] : [] };
  },

  async perform(prepared, inputs, { signal, progress }) {
    const { args } = prepared;
    const damaged = inputs.isArray("image") ? inputs.array("image") : await inputs.image("image");
    const image = "shape" in damaged ? undefined : damaged;
    const size = image && scaled(image, args.scale ?? 1);
    if (image && size && !isArrayFile(args.output))
      checkEncodable(
        { ...size, alpha: staysTransparent(args) ? image.alpha : undefined },
        { format: formatFromPath(args.output) },
      );
    const expected = size && isPictureTask(args.task) ? await readReference(inputs, size) : undefined;
    const task = await toTask(prepared, inputs, damaged);
    const prior = await loadPrior(args.model, { signal });
    const engine = await createEngine({ threads: args.threads });
    try {
      const request: Parameters<typeof restore>[0] = {
        ...("shape" in damaged ? { measurement: damaged } : { image: damaged }),
        size: sizeOf(args.size),
        task,
        prior,
        engine,
        noise: args.noise,
        keepKnown: args.keepKnown,
        solver: args.solver,
        preset: args.preset,
        options: args.steps === undefined ? args.option : { steps: args.steps, ...args.option },
        seed: args.seed,
        samples: args.samples,
        tileSize: args.tile,
        stopAfter: args.stopAfter,
        signal,
        onProgress: (p) => progress("restoring", p),
      };
      const result = await restore(request);
      const reference = expected ?? (await readReference(inputs, result.images[0]));
      const metrics = reference && compare(result.images[0], reference);
      const comparable = image && reference && image.width === reference.width && image.height === reference.height;
      const before = comparable ? compare(image, reference) : undefined;
      const summary = describeRestoration(result, prior.name);
      if (metrics)
        summary.push([
          "quality",
          `${describeMetrics(metrics)}${before ? ` (before: ${describeMetrics(before)})` : ""}`,
        ]);
      // An unfinished sample still holds noise, or too little of it.
      const drawn = result.images.slice(0, result.finished);
      const statistics = drawn.length > 1 ? sampleStatistics(drawn) : undefined;
      if (args.samples > 1) summary.push(["samples", describeSamples(result, statistics)]);
      return {
        pictures: result.images,
        ...(statistics
          ? {
              besides: [
                { name: "mean", picture: statistics.mean },
                { name: "std", picture: statistics.deviation },
              ],
            }
          : {}),
        resolved: resolve(args, result),
        record: {
          ...facts(result),
          model: { name: prior.name, sha256: prior.hash },
          ...(metrics ? { metrics, before } : {}),
          ...(statistics ? { samples: samplesRecord(result, statistics, reference) } : {}),
        },
        summary,
        stopped: result.run.stopped ? describeStop(result, args.samples) : undefined,
      };
    } finally {
      await engine.dispose();
    }
  },
};

/** The arguments with the value of every option, so that new defaults change no old result. */
function resolve({ steps: _, ...args }: RestoreArguments, { noise, run }: Restoration): RestoreArguments {
  return {
    ...args,
    solver: run.solver,
    option: { ...run.options },
    noise: noise.model ?? noise.sigma,
    threads: run.threads,
    tile: run.tileSize,
    ...(run.stopped ? { stopAfter: run.steps } : {}),
  };
}

function scaled(image: Image, scale: number): { width: number; height: number } {
  return { width: image.width * scale, height: image.height * scale };
}

/** Filling the transparent pixels of a picture makes it opaque; a mask may leave others as they are. */
function staysTransparent(args: RestoreArguments): boolean {
  return args.task !== "inpaint" || args.mask !== undefined;
}

function facts({ run, noise, missing, keptKnown, seam, remarks }: Restoration): Record<string, unknown> {
  const { counts, roundTrip, residual, expectedResidual } = run;
  const { forwards, vjps, ...passes } = counts;
  return {
    solver: run.solver,
    settings: run.settings,
    noise,
    steps: run.steps,
    forwards,
    vjps,
    ...(roundTrip ? { ...passes, roundTrip } : {}),
    residual,
    expectedResidual,
    tiles: run.tiles,
    missing,
    ...(seam ? { keptKnown, seam } : {}),
    ...(remarks.length > 0 ? { remarks } : {}),
    seconds: run.seconds,
    compileSeconds: run.compileSeconds,
    stopped: run.stopped,
  };
}

/** What the manifest says of several samples: `white` is the legend of OUT-std.png. */
function samplesRecord({ run: { sampler } }: Restoration, s: SampleStatistics, reference: Image | undefined) {
  return {
    number: s.samples,
    posterior: sampler,
    standardDeviation: { white: s.white, average: s.average, scale: "0 (black) to 1 (white) of the picture" },
    ...(reference ? { metricsOfMean: compare(s.mean, reference) } : {}),
  };
}

function describeStop({ run: { steps }, images }: Restoration, samples: number): string {
  const after = `after ${plural(steps, "step")}`;
  return samples > 1 ? `${after}, in sample ${images.length} of ${samples}` : after;
}
