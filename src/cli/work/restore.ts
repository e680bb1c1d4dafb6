import { TweedieError } from "../../errors.ts";
import { MAX_PIXELS } from "../../node/codecs/index.ts";
import { createEngine } from "../../node/engine.ts";
import { loadPrior } from "../../node/models.ts";
import { checkEncodable, type Image } from "../../pictures/index.ts";
import {
  isPictureTask,
  type Restoration,
  type RestoreProgress,
  type RestoreRequest,
  restoreSteps,
  type SampleStatistics,
  sampleStatistics,
} from "../../restore/index.ts";
import type { SolverOptions } from "../../solvers/index.ts";
import type { PictureCommand, Prepared } from "../command.ts";
import { type RestoreArguments, restoreSchema } from "../commands/restore.ts";
import { UsageError } from "../errors.ts";
import { isArrayFile, isStandardOutput, outputFormat, STANDARD } from "../outputs.ts";
import { describeRestoration, describeSamples, plural } from "../report.ts";
import { Checkpoint } from "./checkpoint.ts";
import { compare, describeMetrics, readReference } from "./metrics.ts";
import { type PreparedTask, prepareTask, rangeOf, sizeOf, toTask } from "./task.ts";
import { asWritten, changesOfKnown } from "./written.ts";

type PreparedRestore = PreparedTask<RestoreArguments> & Prepared<RestoreArguments>;

export const restoreCommand: PictureCommand<RestoreArguments, PreparedRestore> = {
  name: "restore",
  schema: restoreSchema,

  async prepare(given) {
    const task = await prepareTask(given);
    const { image, reference, samples } = given;
    if (given.resume && (isStandardOutput(given.output) || image === STANDARD))
      throw new UsageError({ what: "--resume", expected: "a run with files", got: "-" });
    const files = { image, ...task.files, ...(reference === undefined ? {} : { reference }) };
    return { ...task, files, count: samples, besides: samples > 1 ? ["mean", "std"] : [] };
  },

  async perform(prepared, inputs, { signal, progress }) {
    const { args } = prepared;
    const damaged = inputs.isArray("image") ? inputs.array("image") : await inputs.image("image");
    const image = "shape" in damaged ? undefined : damaged;
    const size = image && scaled(image, args.scale ?? 1);
    const { maxPixels = MAX_PIXELS } = args;
    if (size && size.width * size.height > maxPixels)
      throw new TweedieError("too-large", {
        what: "result",
        expected: `at most ${maxPixels} pixels`,
        got: `${size.width}x${size.height}`,
        hint: "--max-pixels allows more",
      });
    if (image && size && !isArrayFile(args.output))
      checkEncodable(
        { ...size, alpha: staysTransparent(args) ? image.alpha : undefined },
        { format: outputFormat(args.output) },
      );
    const expected = size && isPictureTask(args.task) ? await readReference(inputs, size) : undefined;
    const task = await toTask(prepared, inputs, damaged);
    const ranged = rangeOf(args, inputs, task);
    const prior = await loadPrior(args.model, { signal });
    const engine = await createEngine({ threads: args.threads });
    try {
      const request: RestoreRequest = {
        ...("shape" in damaged ? { measurement: damaged } : { image: damaged }),
        range: ranged?.range,
        size: sizeOf(args.size),
        task,
        prior,
        engine,
        noise: args.noise,
        keepKnown: args.keepKnown,
        solver: args.solver as keyof SolverOptions | undefined,
        preset: args.preset,
        options: args.steps === undefined ? args.option : { steps: args.steps, ...args.option },
        seed: args.seed,
        samples: args.samples,
        tileSize: args.tile,
        stopAfter: args.stopAfter,
        signal,
      };
      const checkpoint = new Checkpoint(
        args.output,
        isStandardOutput(args.output) ? Number.POSITIVE_INFINITY : args.checkpoint,
      );
      const result = await run(request, checkpoint, args.resume === true, (p) => progress("restoring", p));
      if (!result.run.stopped) await checkpoint.remove();
      const written = await asWritten(result.images[0], args.output);
      const changes = image && written && result.keptKnown ? changesOfKnown(image, written, result) : undefined;
      const reference = expected ?? (await readReference(inputs, result.images[0]));
      const metrics = reference && compare(written ?? result.images[0], reference);
      const comparable = image && reference && image.width === reference.width && image.height === reference.height;
      const before = comparable ? compare(image, reference) : undefined;
      const unsaved = checkpoint.failed ? `its state could not be written to ${checkpoint.path}` : undefined;
      const remarks = [ranged?.remark, unsaved, ...result.remarks].filter((remark) => remark !== undefined);
      const summary = describeRestoration({ ...result, remarks }, prior.name, changes);
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
        resolved: { ...resolve(args, result), ...(ranged ? { range: ranged.range } : {}) },
        record: {
          ...facts({ ...result, remarks, keptKnown: result.keptKnown && !changes }),
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

/** Walks a restoration to its end; every now and then its state goes to a file, from which `resume` goes on. */
async function run(
  request: RestoreRequest,
  checkpoint: Checkpoint,
  resume: boolean,
  onProgress: (progress: RestoreProgress) => void,
): Promise<Restoration> {
  const steps = restoreSteps(request, resume ? await checkpoint.read() : undefined);
  for (;;) {
    const next = await steps.next();
    if (next.done) return next.value;
    onProgress(next.value.progress);
    await checkpoint.offer(next.value);
  }
}

/** The arguments with the value of every option, so that new defaults change no old result. */
function resolve({ steps: _, resume: _r, ...args }: RestoreArguments, { noise, run }: Restoration): RestoreArguments {
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

function facts({ run, ...r }: Restoration): Record<string, unknown> {
  return {
    solver: run.solver,
    settings: run.settings,
    noise: r.noise,
    steps: run.steps,
    forwards: run.counts.forwards,
    vjps: run.counts.vjps,
    ...autoencoderCounts(run),
    residual: run.residual,
    expectedResidual: run.expectedResidual,
    tiles: run.tiles,
    missing: r.missing,
    ...(r.seam ? { keptKnown: r.keptKnown, seam: r.seam } : {}),
    ...(r.remarks.length > 0 ? { remarks: r.remarks } : {}),
    seconds: run.seconds,
    compileSeconds: run.compileSeconds,
    stopped: run.stopped,
  };
}

function autoencoderCounts({ counts, roundTrip }: Restoration["run"]): Record<string, unknown> {
  if (!roundTrip) return {};
  const { encodes, encodeVjps, decodes, decodeVjps } = counts;
  return { encodes, encodeVjps, decodes, decodeVjps, roundTrip: roundTrip.psnr, encoderBias: roundTrip.bias };
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

function describeStop({ images, run: { steps } }: Restoration, samples: number): string {
  const after = `after ${plural(steps, "step")}`;
  return samples > 1 ? `${after}, in sample ${images.length} of ${samples}` : after;
}
