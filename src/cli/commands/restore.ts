import { stat } from "node:fs/promises";
import { z } from "zod";
import { loadOperators } from "../../check/index.ts";
import { createEngine } from "../../engine/index.ts";
import { listPriors, loadPrior } from "../../node/models.ts";
import { readImage } from "../../node/pictures.ts";
import { type NoiseModel, noiseSchema } from "../../operators/index.ts";
import { checkEncodable, formatFromPath, type Image } from "../../pictures/index.ts";
import {
  isPictureTask,
  type Restoration,
  restore,
  type SampleStatistics,
  sampleStatistics,
} from "../../restore/index.ts";
import { type RawOptions, readOption, readSolverOptions } from "../arguments.ts";
import type { PictureCommand } from "../command.ts";
import { isArrayFile } from "../files.ts";
import { compare, describeMetrics, readReference } from "../metrics.ts";
import { describeRestoration, describeSamples, plural } from "../report.ts";
import { kernelFile, loadTask, maskFile, sizeOf } from "../task.ts";
import { readTask, type TaskArguments } from "../task-arguments.ts";
import { readArray } from "./array.ts";

export interface RestoreArguments extends TaskArguments {
  image: string;
  output: string;
  model: string;
  preset: "fast" | "balanced" | "best";
  seed: number;
  samples: number;
  option: Record<string, unknown>;
  noise?: number | NoiseModel;
  keepKnown?: boolean;
  solver?: string;
  reference?: string;
  threads?: number;
  tile?: number;
  stopAfter?: number;
}

const count = z.int().min(1);

/** The options of a task, as a manifest holds them. */
export const taskShape = {
  task: z.string(),
  mask: z.string().optional(),
  maskSeed: z.int().min(0).optional(),
  scale: z.int().min(2).max(16).optional(),
  kernel: z.string().optional(),
  border: z.enum(["reflect", "zero", "circular"]).optional(),
  param: z.record(z.string(), z.unknown()).optional(),
  size: z.string().optional(),
  operator: z.string().optional(),
};

const schema = z.strictObject({
  ...taskShape,
  image: z.string(),
  output: z.string(),
  model: z.string(),
  preset: z.enum(["fast", "balanced", "best"]),
  seed: z.int().min(0),
  samples: count,
  option: z.record(z.string(), z.unknown()),
  noise: z.union([z.number().min(0).max(1), noiseSchema]).optional(),
  keepKnown: z.boolean().optional(),
  solver: z.string().optional(),
  reference: z.string().optional(),
  threads: count.optional(),
  tile: count.optional(),
  stopAfter: count.optional(),
});

/** Reads the command line. @throws UsageError */
export function readRestoreArguments(image: string, raw: RawOptions): RestoreArguments {
  const steps = readOption(raw, "steps");
  const args: RestoreArguments = {
    image,
    output: readOption(raw, "output") ?? "",
    ...readTask(raw),
    model: readOption(raw, "model") ?? "natural",
    preset: readOption(raw, "preset") ?? "balanced",
    seed: readOption(raw, "seed") ?? 0,
    samples: readOption(raw, "samples") ?? 1,
    option: { ...(steps === undefined ? {} : { steps }), ...readSolverOptions(raw) },
  };
  if (raw.keepKnown === true) args.keepKnown = true;
  for (const name of ["noise", "solver", "reference", "threads", "tile"] as const) {
    const value = readOption(raw, name);
    if (value !== undefined) Object.assign(args, { [name]: value });
  }
  return args;
}

/** The path of a model that is a file of the user's; undefined for the embedded ones. */
export async function modelFile(model: string): Promise<string | undefined> {
  if ((await listPriors()).some(({ name }) => name === model)) return undefined;
  return (await stat(model).catch(() => undefined)) ? model : undefined;
}

export const restoreCommand: PictureCommand<RestoreArguments> = {
  name: "restore",
  schema,

  files(args) {
    const { image, reference, operator } = args;
    return { image, mask: maskFile(args), kernel: kernelFile(args), reference, operator };
  },

  count: ({ samples }) => samples,

  besides: ({ samples }) => (samples > 1 ? ["mean", "std"] : []),

  async perform(args, { signal, progress }) {
    if (args.operator !== undefined) await loadOperators(args.operator);
    const measurement = isArrayFile(args.image) ? await readArray(args.image) : undefined;
    const image = measurement ? undefined : await readImage(args.image);
    const task = await loadTask(args, measurement ?? image);
    const scale = args.scale ?? 1;
    const size = image && { width: image.width * scale, height: image.height * scale };
    if (size && !isArrayFile(args.output))
      checkEncodable(
        { ...size, alpha: staysTransparent(args) ? image?.alpha : undefined },
        { format: formatFromPath(args.output) },
      );
    const readClean = async (extent: { width: number; height: number }): Promise<Image | undefined> =>
      args.reference === undefined ? undefined : readReference(args.reference, extent);
    const expected = size && isPictureTask(args.task) ? await readClean(size) : undefined;
    const prior = await loadPrior(args.model, { signal });
    const engine = await createEngine({ threads: args.threads });
    try {
      const result = await restore({
        image,
        measurement,
        size: sizeOf(args),
        task,
        prior,
        engine,
        noise: args.noise,
        keepKnown: args.keepKnown,
        solver: args.solver,
        preset: args.preset,
        options: args.option,
        seed: args.seed,
        samples: args.samples,
        tileSize: args.tile,
        stopAfter: args.stopAfter,
        signal,
        onProgress: (p) => progress("restoring", p),
      });
      const reference = expected ?? (await readClean(result.images[0]));
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
        resolved: {
          ...args,
          solver: result.solver,
          option: { ...result.options },
          noise: result.noise.model ?? result.noise.sigma,
          threads: result.threads,
          tile: result.tileSize,
          ...(result.stopped ? { stopAfter: result.steps } : {}),
        },
        record: {
          ...facts(result),
          model: { name: prior.name, sha256: prior.hash },
          ...(metrics ? { metrics, before } : {}),
          ...(statistics ? { samples: samplesRecord(result, statistics, reference) } : {}),
        },
        summary,
        stopped: result.stopped ? describeStop(result, args.samples) : undefined,
      };
    } finally {
      await engine.dispose();
    }
  },
};

/** Filling the transparent pixels of a picture makes it opaque; a mask may leave others as they are. */
function staysTransparent(args: RestoreArguments): boolean {
  return args.task !== "inpaint" || args.mask !== undefined;
}

function facts(r: Restoration): Record<string, unknown> {
  return {
    solver: r.solver,
    noise: r.noise,
    steps: r.steps,
    forwards: r.counts.forwards,
    vjps: r.counts.vjps,
    ...autoencoderCounts(r),
    residual: r.residual,
    expectedResidual: r.expectedResidual,
    tiles: r.tiles,
    missing: r.missing,
    ...(r.seam ? { keptKnown: r.keptKnown, seam: r.seam } : {}),
    ...(r.remarks.length > 0 ? { remarks: r.remarks } : {}),
    seconds: r.seconds,
    compileSeconds: r.compileSeconds,
    stopped: r.stopped,
  };
}

function autoencoderCounts({ counts, roundTrip, encoderBias }: Restoration): Record<string, unknown> {
  if (roundTrip === undefined) return {};
  const { encodes, encodeVjps, decodes, decodeVjps } = counts;
  return { encodes, encodeVjps, decodes, decodeVjps, roundTrip, encoderBias };
}

/** What the manifest says of several samples: `white` is the legend of OUT-std.png. */
function samplesRecord({ sampler }: Restoration, s: SampleStatistics, reference: Image | undefined) {
  return {
    number: s.samples,
    posterior: sampler,
    standardDeviation: { white: s.white, average: s.average, scale: "0 (black) to 1 (white) of the picture" },
    ...(reference ? { metricsOfMean: compare(s.mean, reference) } : {}),
  };
}

function describeStop({ steps, images }: Restoration, samples: number): string {
  const after = `after ${plural(steps, "step")}`;
  return samples > 1 ? `${after}, in sample ${images.length} of ${samples}` : after;
}
