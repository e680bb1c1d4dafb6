import { TweedieError } from "../errors.ts";
import type { MaskSpec, NoiseModel, Operator } from "../operators/index.ts";
import { alphaMask, fromModel, type Image, isGrey, type Mask, toGrey, toModel } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import { resultAlpha } from "./alpha.ts";
import { COLOUR_NOISE, colourToGrey, greyToColour } from "./grey.ts";
import { resolveMask } from "./mask.ts";
import { firstGuess } from "./measurement-job.ts";
import { type NoiseLevel, noiseLevel } from "./noise.ts";
import { alignment, isIndivisible, reach, taskOperator } from "./operator.ts";
import { findOutliers, withoutOutliers } from "./outliers.ts";
import { operatorName, type Task } from "./task.ts";
import { cutTile, holeRegion, planTiles, type Tile, type TileOptions } from "./tiles.ts";

/** Pixels around a hole that the prior sees. */
const SURROUNDINGS = 64;
/** Least border of a tile that is thrown away, and width of the ramp between tiles. */
const DISCARD = 16;
const FEATHER = 32;
/** A picture up to this much larger than a tile, along each side, is still done as one. */
const STRETCH = 1.5;
/** The networks see at least this many pixels along each side. */
export const SMALLEST = 8;

/** The part of a restoration that one run of a solver does. */
export interface TileProblem {
  readonly operator: Operator;
  readonly measurement: Float32Array;
  /** The operator's own classical estimate; it may take a while. */
  readonly firstGuess: () => Float32Array;
}

/** A restoration as numbers: what to solve, tile by tile, and how to make a picture of it. */
export interface Job {
  readonly task: Task;
  readonly noise: NoiseLevel;
  /** Registered name of the measurement operator. */
  readonly operatorName: string;
  /** Is it linear? */
  readonly linear: boolean;
  /** Noise of the measurement that the solver sees, on the [-1, 1] scale. */
  readonly sigmaY: number;
  /** Size and channels of the picture that the prior speaks of. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly tiles: readonly Tile[];
  readonly tileSize: number;
  readonly blend: TileOptions;
  /** What is missing, of an inpainting. */
  readonly mask?: Mask | undefined;
  /** Do all known pixels come out exactly as they came? */
  readonly exact: boolean;
  /** What norms over the measurement are divided by, to be those of the picture as it came. */
  readonly normScale: number;
  /** What stays where no tile comes, [-1, 1]. */
  readonly background: () => Float32Array;
  problem(tile: Tile): TileProblem;
  /** The result as a picture. */
  finish(planes: Float32Array): Image;
}

export interface JobOptions {
  readonly image: Image;
  readonly task: Task;
  readonly prior: Prior;
  readonly noise?: number | NoiseModel | undefined;
  /** Put known pixels back as they came, noise and all; without noise that is done anyway. */
  readonly keepKnown?: boolean | undefined;
  readonly seed: number;
  readonly tileSize: number;
}

/** @throws TweedieError `size-mismatch`, `too-large`, `invalid-option`, `invalid-operator`, `invalid-model` */
export function createJob({ image: given, task, prior, noise, keepKnown: wanted, seed, tileSize }: JobOptions): Job {
  // A colour file without colour is grey as well, and a picture to be coloured is taken by its grey.
  const image = task.name === "colorize" || isGrey(given) ? greyOf(given) : given;
  const scale = task.name === "super-resolution" ? task.scale : 1;
  const [width, height] = [image.width * scale, image.height * scale];
  checkSize(image, width, height);
  const mask = task.name === "inpaint" ? maskOf(task.mask, image) : undefined;
  const level = noiseLevel(task, image, noise, mask);

  const lifted = image.channels === 1 && prior.channels === 3 && task.name !== "colorize";
  checkChannels(image, task, prior);
  const sigma = 2 * level.sigma;
  const sigmaY = lifted ? COLOUR_NOISE * sigma : sigma;
  const channels = prior.channels;
  let measured = toModel(image);
  if (lifted) measured = greyToColour(measured, sigma, seed);
  const outliers =
    level.model?.kind === "salt-pepper"
      ? Float32Array.from(findOutliers({ shape: [channels, image.height, image.width], data: measured }))
      : undefined;
  const keepKnown = mask !== undefined && (level.sigma === 0 || wanted === true);
  const region = keepKnown ? holeRegion(mask, SURROUNDINGS) : { left: 0, top: 0, width, height };
  const { tiles, blend } = divide(region, task, tileSize, alignment(task), prior, keepKnown ? mask : undefined);

  return {
    task,
    noise: level,
    // Salt and pepper taken out of a picture leaves holes.
    operatorName: outliers && task.name === "denoise" ? "inpaint" : operatorName(task),
    linear: isLinear(task, tiles[0], channels),
    sigmaY,
    width,
    height,
    channels,
    tiles,
    tileSize: blend.size,
    blend,
    mask,
    exact: keepKnown,
    normScale: lifted ? 3 : 1,
    background: () => (task.name === "inpaint" ? measured : new Float32Array(width * height * channels)),
    problem(tile) {
      const part = {
        left: tile.left / scale,
        top: tile.top / scale,
        width: tile.width / scale,
        height: tile.height / scale,
      };
      const y = cutTile(measured, image.width, image.height, part);
      const known = mask && cutMask(mask, tile);
      if (known) for (let i = 0; i < y.length; i++) if (!known[i % known.length]) y[i] = 0;
      const whole = taskOperator(task, { width: tile.width, height: tile.height, channels, known });
      const operator = outliers
        ? withoutOutliers(whole, y, Uint8Array.from(cutTile(outliers, image.width, image.height, part)))
        : whole;
      return { operator, measurement: y, firstGuess: () => firstGuess(operator, y, sigmaY) };
    },
    finish(planes) {
      const toOneChannel = channels === 3 && image.channels === 1 && task.name !== "colorize";
      const outChannels = task.name === "colorize" ? 3 : image.channels;
      const result = fromModel(toOneChannel ? colourToGrey(planes) : planes, { width, height, channels: outChannels });
      if (keepKnown) keepPixels(result, image, mask, outliers);
      const alpha = resultAlpha(image, width, height, mask);
      const { alpha: _, ...opaque } = result;
      const meta = { ...given.meta };
      if (outChannels === 3 && given.channels === 1) delete meta.icc;
      const shown = given.channels === 3 && outChannels === 1 ? repeat(opaque) : opaque;
      return alpha ? { ...shown, alpha, meta } : { ...shown, meta };
    },
  };
}

function isLinear(task: Task, tile: Tile | undefined, channels: number): boolean {
  if (task.name !== "operator" || !tile) return true;
  return taskOperator(task, { width: tile.width, height: tile.height, channels }).linear;
}

/** One channel; unlike {@link toGrey} exact for pictures that have no colour. */
function greyOf(image: Image): Image {
  if (image.channels === 1 || !isGrey(image)) return toGrey(image);
  return { ...image, channels: 1, data: image.data.slice(0, image.width * image.height) };
}

function repeat(image: Image): Image {
  const data = new Float32Array(3 * image.data.length);
  for (let c = 0; c < 3; c++) data.set(image.data, c * image.data.length);
  return { ...image, channels: 3, data };
}

function checkSize(image: Image, width: number, height: number): void {
  if (Math.min(width, height) >= SMALLEST) return;
  const expected = `a picture of at least ${SMALLEST}x${SMALLEST} pixels`;
  throw new TweedieError("size-mismatch", { what: "image", expected, got: `${image.width}x${image.height}` });
}

function checkChannels(image: Image, task: Task, prior: Prior): void {
  if (prior.channels === 3 || (prior.channels === 1 && image.channels === 1 && task.name !== "colorize")) return;
  const expected =
    task.name === "colorize" || image.channels === 3 ? "a prior for colour pictures" : "a prior for pictures";
  const got = `${prior.name}, which knows pictures of ${prior.channels} channel${prior.channels === 1 ? "" : "s"}`;
  throw new TweedieError("invalid-model", { what: "model", expected, got });
}

function maskOf(given: Mask | MaskSpec | undefined, image: Image): Mask {
  const mask = given ? resolveMask(given, image.width, image.height) : alphaMask(image);
  const hint = "give a mask, in which white marks what is missing";
  if (!mask) {
    const expected = "a mask, or a picture whose transparent pixels are the missing ones";
    throw new TweedieError("invalid-option", {
      what: "inpaint",
      expected,
      got: "a picture without transparency",
      hint,
    });
  }
  if (mask.missing === image.width * image.height) {
    const expected = "a picture of which something is known";
    throw new TweedieError("invalid-operator", { what: "mask", expected, got: "a mask that is white everywhere" });
  }
  return mask;
}

function cutMask(mask: Mask, tile: Tile): Uint8Array {
  const out = new Uint8Array(tile.width * tile.height);
  for (let y = 0; y < tile.height; y++) {
    const from = (tile.top + y) * mask.width + tile.left;
    out.set(mask.known.subarray(from, from + tile.width), y * tile.width);
  }
  return out;
}

function divide(
  region: Tile | undefined,
  task: Task,
  wanted: number,
  align: number,
  prior: Prior,
  holes: Mask | undefined,
): { tiles: Tile[]; blend: TileOptions } {
  const fixed = prior.fixedSize && Math.min(...prior.fixedSize);
  const down = (v: number): number => Math.floor(v / align) * align;
  const up = (v: number): number => Math.ceil(v / align) * align;
  // A small network leaves little room: half of its picture at least must count.
  const room = Math.floor((fixed ?? wanted) / 4);
  const discard = Math.min(up(Math.max(DISCARD, reach(task))), Math.max(reach(task), room));
  const feather = Math.min(FEATHER, Math.max(1, room));
  const size = down(fixed ?? Math.max(wanted, 2 * (2 * discard + feather)));
  const blend: TileOptions = { size, discard, feather, align };
  if (!region) return { tiles: [], blend };
  const whole = fixed ? size : Math.ceil(size * STRETCH);
  const fits = region.width <= whole && region.height <= whole;
  const tiles = fits || isIndivisible(task) ? [region] : planTiles(region, blend);
  return { tiles: holes ? tiles.filter((tile) => cutMask(holes, tile).includes(1)) : tiles, blend };
}

/** What was measured comes out as it came, but for salt and pepper. */
function keepPixels(result: Image, source: Image, mask: Mask, outliers: Float32Array | undefined): void {
  const n = mask.known.length;
  for (let i = 0; i < result.data.length; i++) if (mask.known[i % n] && !outliers?.[i]) result.data[i] = source.data[i];
}
