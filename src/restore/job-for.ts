import { TweedieError } from "../errors.ts";
import { domainOf, type NoiseModel, type OperatorSpec, type PictureSize, taskTraits } from "../operators/index.ts";
import type { Image } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import { createJob, type Job } from "./job.ts";
import { resolveMask } from "./mask.ts";
import { createMeasurementJob } from "./measurement-job.ts";
import { givenNoise, type NoiseLevel, noiseLevel } from "./noise.ts";
import { operatorSpec } from "./operator.ts";
import { isPicture, type Planes, pictureToPlanes, planesToPicture } from "./planes.ts";
import type { Task } from "./task.ts";

interface Given {
  readonly image?: Image | undefined;
  readonly measurement?: Planes | undefined;
  readonly size?: PictureSize | undefined;
  readonly noise?: number | NoiseModel | undefined;
  readonly keepKnown?: boolean | undefined;
  readonly prior: Prior;
}

/**
 * The restoration that was asked for: tile by tile where the measurement is a picture and the operator local, else as a
 * whole.
 * @throws TweedieError as {@link createJob} and {@link createMeasurementJob}
 */
export function jobFor(given: Given, task: Task, seed: number, tileSize: number): Job {
  const { image, measurement, size, noise, keepKnown, prior } = given;
  if ((image === undefined) === (measurement === undefined))
    throw new TweedieError("invalid-option", {
      what: "restore",
      expected: "either image or measurement",
      got: image ? "both" : "neither",
    });
  if (keepKnown && task.name !== "inpaint")
    throw new TweedieError("invalid-option", {
      what: "keep known pixels",
      expected: "the task inpaint, in which pixels are known",
      got: task.name,
    });
  if (image && byTiles(task, image)) return createJob({ image, task, prior, noise, keepKnown, seed, tileSize });
  const y = measurement ?? pictureToPlanes(image as Image);
  const [, height, width] = y.shape;
  const mask = task.name === "inpaint" ? resolveMask(task.mask, width, height) : undefined;
  const spec = operatorSpec(task, width, height, mask?.known);
  const level = levelOf(task, y, noise);
  return createMeasurementJob({
    measurement: y,
    task,
    spec,
    size,
    prior,
    noise: level,
    mask,
    keepKnown,
    seed,
    meta: image?.meta,
  });
}

/** Operators whose measurements are pictures of the same size as what they were made from go the way of photos. */
function byTiles(task: Task, image: Image): boolean {
  if (task.name !== "operator") return true;
  const { measurement, channels } = taskTraits(task.operator.name);
  const shape = [1, image.channels, image.height, image.width];
  return (
    measurement === "picture" &&
    channels === undefined &&
    String(domainOf(task.operator as OperatorSpec, shape)) === String(shape)
  );
}

function levelOf(task: Task, y: Planes, noise: number | NoiseModel | undefined): NoiseLevel {
  if (noise !== undefined) return givenNoise(noise, y.data);
  if (task.name === "operator" || !isPicture(y)) return { sigma: 0, source: "estimated" };
  return noiseLevel(task, planesToPicture(y), undefined, undefined);
}
