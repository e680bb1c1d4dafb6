import { TweedieError } from "../errors.ts";
import { domainOf, type MaskSpec, taskTraits } from "../operators/index.ts";
import { alphaMask, type Image, isGrey, type Mask, toGrey, toModel } from "../pictures/index.ts";
import { type Embedded, embed } from "./embedding.ts";
import { COLOUR_NOISE, greyToColour } from "./grey.ts";
import { resolveMask } from "./mask.ts";
import { type NoiseLevel, noiseLevel } from "./noise.ts";
import { operatorSpec } from "./operator.ts";
import { findOutliers } from "./outliers.ts";
import { isPicture, type Planes, planesToPicture, toPlanes } from "./planes.ts";
import { inputRemarks } from "./remarks.ts";
import type { RestoreRequest, SolverName } from "./request.ts";
import { stretched, stretchOf } from "./stretch.ts";
import { operatorName, parseTask, type Task } from "./task.ts";
import { divide, holeRegion, type Tile, type TileOptions } from "./tiles.ts";
import { withoutHiddenColours } from "./visible.ts";

/** Pixels around a hole that the prior sees. */
const SURROUNDINGS = 64;
/** The networks see at least this many pixels along each side. */
export const SMALLEST = 8;

/**
 * A restoration as data: what was measured, how, and in which parts it is solved. A photo is a measurement whose operator is
 * local: it may be solved in tiles.
 */
export interface Plan {
  readonly task: Task;
  /** Registered name of the operator that the solver meets. */
  readonly operator: string;
  readonly linear: boolean;
  readonly noise: NoiseLevel;
  /** Noise of `y`, on the [-1, 1] scale. */
  readonly sigmaY: number;
  /** How many times brighter than `source` the picture of `y` is, see {@link stretchOf}. */
  readonly gain: number;
  /** What came: the image, or the measurement as one where it can be. */
  readonly source: Image | undefined;
  /** The shape [c, h, w] of the measurement as it came, and the channels of its x. */
  readonly range: Planes["shape"];
  readonly channels: number;
  /** The measurement for the prior's channels, [-1, 1] or the operator's own scale. */
  readonly y: Float32Array;
  readonly how: Embedded["how"];
  /** 1 for each entry of `y` that is salt or pepper. */
  readonly outliers: Uint8Array | undefined;
  /** What is missing, of an inpainting. */
  readonly mask: Mask | undefined;
  /** 1 for each sample of `source` that comes out as it came. */
  readonly kept: Uint8Array | undefined;
  /** Size of the result, and the prior's channels. */
  readonly width: number;
  readonly height: number;
  readonly priorChannels: number;
  /** Pixels of the result for one of the measurement, along each side. */
  readonly scale: number;
  /** May it be solved in parts? */
  readonly local: boolean;
  readonly tiles: readonly Tile[];
  readonly blend: TileOptions;
  /** What the user should know of the input, one sentence each. */
  readonly remarks: readonly string[];
}

/**
 * @throws {TweedieError} size-mismatch, invalid-option, invalid-operator: the request does not fit together; invalid-model: the
 *   prior is not for such images
 */
export function planRestoration(request: RestoreRequest<SolverName>, tileSize: number): Plan {
  const { prior, size, seed = 0 } = request;
  const task = parseTask(request.task);
  checkKeepKnown(request, task);
  const { image, seen, planes, gain } = measured(request, task);
  const [, h, w] = planes.shape;
  const mask = task.name === "inpaint" ? maskOf(task.mask, image, w, h) : undefined;
  const spec = operatorSpec(task, w, h, mask?.known);
  const domain = domainOf(spec, [1, ...planes.shape], size);
  const [, channels, height, width] = domain;
  const local = isLocal(task, planes.shape, domain);
  if (local) checkSize(width, height, `${w}x${h}`);
  const { operator, how } = embed(spec, domain, prior.channels);
  checkRange(spec.name, operator.range, planes.shape, how === "repeated" ? prior.channels : 1);

  const noise = noiseLevel({ task, planes, image: seen, given: request.noise, mask, gain });
  const sigma = 2 * noise.sigma * gain;
  const repeated = how === "repeated";
  const y = repeated ? greyToColour(planes.data, sigma, seed) : planes.data.slice();
  const saltAndPepper = noise.model?.kind === "salt-pepper";
  const [, c] = operator.range;
  const outliers = saltAndPepper ? findOutliers({ shape: [c, h, w], data: y }) : undefined;
  const exact = mask !== undefined && (noise.sigma === 0 || request.keepKnown === true);
  const region = exact ? holeRegion(mask, SURROUNDINGS) : { left: 0, top: 0, width, height };
  const fixed = prior.fixedSize && Math.min(...prior.fixedSize);
  const { tiles, blend } = divide(region, { task, wanted: tileSize, fixed, local, holes: exact ? mask : undefined });
  return {
    task,
    // Salt and pepper taken out of an image leaves holes.
    operator: outliers && spec.name === "denoise" ? "inpaint" : operatorName(task),
    linear: operator.linear,
    noise,
    gain,
    sigmaY: repeated ? COLOUR_NOISE * sigma : sigma,
    source: image,
    range: planes.shape,
    channels,
    y,
    how,
    outliers,
    mask,
    kept: keptSamples(
      planes.data.length,
      exact ? mask : undefined,
      outliers,
      noise.sigma === 0 && spec.name === "denoise",
    ),
    width,
    height,
    priorChannels: prior.channels,
    scale: local ? width / w : 1,
    local,
    tiles,
    blend,
    remarks: inputRemarks({ task, image, mask, gain }),
  };
}

/** Known pixels, but for salt and pepper; without noise in the rest, all that is neither salt nor pepper. */
function keptSamples(
  size: number,
  mask: Mask | undefined,
  outliers: Uint8Array | undefined,
  clean: boolean,
): Uint8Array | undefined {
  if (!mask && !(outliers && clean)) return undefined;
  const n = mask?.known.length ?? 1;
  return Uint8Array.from({ length: size }, (_, i) => ((mask && !mask.known[i % n]) || outliers?.[i] ? 0 : 1));
}

function checkKeepKnown({ keepKnown }: RestoreRequest<SolverName>, task: Task): void {
  if (!keepKnown || task.name === "inpaint") return;
  const expected = "the task inpaint, in which pixels are known";
  throw new TweedieError("invalid-option", { what: "keep known pixels", expected, got: task.name });
}

interface Measured {
  readonly planes: Planes;
  /** The image that they are, as it came. */
  readonly image?: Image;
  /** The same in the channels of the planes, without what does not show. */
  readonly seen?: Image;
  readonly gain: number;
}

/** The numbers that were measured. Of an image without colour, one plane is enough. */
function measured({ image, measurement }: RestoreRequest<SolverName>, task: Task): Measured {
  if ((image === undefined) === (measurement === undefined))
    throw new TweedieError("invalid-option", {
      what: "restore",
      expected: "either image or measurement",
      got: image ? "both" : "neither",
    });
  if (measurement) {
    const planes = toPlanes(measurement);
    const seen = isPicture(planes) ? planesToPicture(planes) : undefined;
    return { planes, image: seen, seen, gain: 1 };
  }
  const visible = withoutHiddenColours(image as Image);
  const grey = task.name === "colorize" || isGrey(visible);
  const seen = grey ? greyOf(visible) : visible;
  const shape = [seen.channels, seen.height, seen.width] as const;
  const gain = stretchOf(seen, task);
  return { planes: { shape, data: toModel(stretched(seen, gain)) }, image, seen, gain };
}

/** One channel; unlike {@link toGrey} exact for images that have no colour. */
export function greyOf(image: Image): Image {
  if (image.channels === 1 || !isGrey(image)) return toGrey(image);
  return { ...image, channels: 1, data: image.data.slice(0, image.width * image.height) };
}

/** Is the measurement an image in which a pixel depends on those around it alone? */
function isLocal(task: Task, range: Planes["shape"], domain: readonly number[]): boolean {
  if (task.name !== "operator") return true;
  const { measurement, channels } = taskTraits(task.operator.name);
  return measurement === "picture" && channels === undefined && String(domain.slice(1)) === String(range);
}

function checkSize(width: number, height: number, got: string): void {
  if (Math.min(width, height) >= SMALLEST) return;
  const expected = `a picture of at least ${SMALLEST}x${SMALLEST} pixels`;
  throw new TweedieError("size-mismatch", { what: "image", expected, got });
}

function checkRange(name: string, range: readonly number[], given: Planes["shape"], times: number): void {
  const [, channels, height, width] = range;
  const expected = [channels / times, height, width];
  if (String(expected) === String(given)) return;
  throw new TweedieError("size-mismatch", {
    what: `measurement of ${name}`,
    expected: `[${expected.join(", ")}]`,
    got: `[${given.join(", ")}]`,
  });
}

function maskOf(given: Mask | MaskSpec | undefined, image: Image | undefined, width: number, height: number): Mask {
  const mask = given ? resolveMask(given, width, height) : image && alphaMask(image);
  if (!mask)
    throw new TweedieError("invalid-option", {
      what: "inpaint",
      expected: "a mask, or a picture whose transparent pixels are the missing ones",
      got: "a picture without transparency",
      hint: "give a mask, in which white marks what is missing",
    });
  const fail = (expected: string, got: string) => new TweedieError("invalid-operator", { what: "mask", expected, got });
  if (mask.missing === width * height)
    throw fail("a picture of which something is known", "a mask that is white everywhere");
  if (mask.missing === 0 && !given)
    throw fail("a mask, or a picture with transparent pixels", "no pixel that is more than half transparent");
  return mask;
}
