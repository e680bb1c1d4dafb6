import type { Mask } from "../pictures/index.ts";
import { alignment, isIndivisible, reach } from "./operator.ts";
import type { Task } from "./task.ts";

/** A rectangle of a picture, in pixels. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a picture is divided: everything in pixels of the result. */
export interface TileOptions {
  /** Longest side of a tile; a multiple of `align`. */
  readonly size: number;
  /** Border of a tile that is thrown away where the picture goes on behind it: there the tile lacks its surroundings. */
  readonly discard: number;
  /** Width of the ramp over which one tile passes into the next. */
  readonly feather: number;
  /** Left and top are multiples of this (the scale of a super-resolution). */
  readonly align: number;
}

/** Overlapping tiles of nearly even spacing that cover `region`, row by row. A region that fits is one tile. */
export function planTiles(region: Tile, options: TileOptions): Tile[] {
  const columns = planAxis(region.width, options);
  const rows = planAxis(region.height, options);
  return rows.flatMap(({ start: y, length: height }) =>
    columns.map(({ start: x, length: width }) => ({ left: region.left + x, top: region.top + y, width, height })),
  );
}

interface Span {
  readonly start: number;
  readonly length: number;
}

function planAxis(length: number, { size, discard, feather, align }: TileOptions): Span[] {
  if (length <= size) return [{ start: 0, length }];
  const overlap = 2 * discard + feather;
  const count = 1 + Math.ceil((length - size) / Math.max(align, size - overlap - align));
  // Rounding down to the alignment only brings neighbours closer by less than `align`, which the count allows for. Where
  // the alignment does not divide the picture, the last tile is the longer for it.
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor(((length - size) * i) / (count - 1) / align) * align;
    return { start, length: i === count - 1 ? length - start : size };
  });
}

/**
 * Blending weights of a tile, row by row: 0 in the discarded border, a linear ramp, then 1. Sides that lie on the
 * border of the picture (`width` x `height`) have neither.
 */
export function tileWeights(
  tile: Tile,
  picture: { width: number; height: number },
  { discard, feather }: Pick<TileOptions, "discard" | "feather">,
): Float32Array {
  const axis = (start: number, length: number, whole: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => {
      const before = start === 0 ? Number.POSITIVE_INFINITY : i + 0.5;
      const after = start + length === whole ? Number.POSITIVE_INFINITY : length - i - 0.5;
      return Math.min(1, Math.max(0, (Math.min(before, after) - discard) / feather));
    });
  const across = axis(tile.left, tile.width, picture.width);
  const down = axis(tile.top, tile.height, picture.height);
  const weights = new Float32Array(tile.width * tile.height);
  for (let y = 0; y < tile.height; y++)
    for (let x = 0; x < tile.width; x++) weights[y * tile.width + x] = down[y] * across[x];
  return weights;
}

/** The part of a picture around its missing pixels: their bounding box with `margin` pixels on each side. */
export function holeRegion(mask: Mask, margin: number): Tile | undefined {
  const { width, height, known } = mask;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (known[y * width + x]) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  if (right < 0) return undefined;
  left = Math.max(0, left - margin);
  top = Math.max(0, top - margin);
  right = Math.min(width, right + 1 + margin);
  bottom = Math.min(height, bottom + 1 + margin);
  return { left, top, width: right - left, height: bottom - top };
}

/** Least border of a tile that is thrown away, and width of the ramp between tiles. */
const DISCARD = 16;
const FEATHER = 32;
/** A region up to this much larger than a tile, along each side, is still done as one. */
const STRETCH = 1.5;

export interface DivideOptions {
  readonly task: Task;
  /** Side of the tiles that is asked for. */
  readonly wanted: number;
  /** Side of the images of a network that takes no others. */
  readonly fixed: number | undefined;
  /** May the region be divided at all? */
  readonly local: boolean;
  /** Only tiles in which something is missing are needed. */
  readonly holes: Mask | undefined;
}

/** The tiles of a region, and how they are put together again. */
export function divide(
  region: Tile | undefined,
  { task, wanted, fixed, local, holes }: DivideOptions,
): { tiles: Tile[]; blend: TileOptions } {
  const align = alignment(task);
  const down = (v: number): number => Math.floor(v / align) * align;
  const up = (v: number): number => Math.ceil(v / align) * align;
  // A small network leaves little room: half of its image at least must count.
  const room = Math.floor((fixed ?? wanted) / 4);
  const discard = Math.min(up(Math.max(DISCARD, reach(task))), Math.max(reach(task), room));
  const feather = Math.min(FEATHER, Math.max(1, room));
  const size = down(fixed ?? Math.max(wanted, 2 * (2 * discard + feather)));
  if (!region) return { tiles: [], blend: { size, discard, feather, align } };
  const indivisible = !local || isIndivisible(task);
  if (indivisible) {
    const side = local ? size : Math.max(region.width, region.height);
    return { tiles: [region], blend: { size: side, discard, feather, align } };
  }
  const whole = fixed ? size : Math.ceil(size * STRETCH);
  const blend = { size, discard, feather, align };
  const tiles = region.width <= whole && region.height <= whole ? [region] : planTiles(region, blend);
  return { tiles: holes ? tiles.filter((tile) => cutMask(holes, tile).includes(0)) : tiles, blend };
}

/** The known pixels of a tile: 1 = known. */
export function cutMask(mask: Mask, tile: Tile): Uint8Array {
  return cutTile(mask.known, mask.width, mask.height, tile);
}

/** Copies one tile out of planar data of the given row length and number of planes. */
export function cutTile<T extends Float32Array | Uint8Array>(data: T, width: number, height: number, tile: Tile): T {
  const planes = data.length / (width * height);
  const out = new (data.constructor as new (n: number) => T)(planes * tile.width * tile.height);
  for (let c = 0; c < planes; c++)
    for (let y = 0; y < tile.height; y++) {
      const from = (c * height + tile.top + y) * width + tile.left;
      out.set(data.subarray(from, from + tile.width), (c * tile.height + y) * tile.width);
    }
  return out;
}

export interface MosaicParts {
  readonly sum: Float32Array;
  readonly weight: Float32Array;
}

/** Sums tiles with their weights into one planar picture. */
export class Mosaic {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly #sum: Float32Array;
  readonly #weight: Float32Array;

  /** @param parts what an earlier mosaic of this size holds, to go on from */
  constructor(width: number, height: number, channels: number, parts?: MosaicParts) {
    this.width = width;
    this.height = height;
    this.channels = channels;
    this.#sum = parts?.sum.slice() ?? new Float32Array(width * height * channels);
    this.#weight = parts?.weight.slice() ?? new Float32Array(width * height);
  }

  /** What it holds, as plain data. */
  parts(): MosaicParts {
    return { sum: this.#sum.slice(), weight: this.#weight.slice() };
  }

  add(tile: Tile, data: Float32Array, weights: Float32Array): void {
    const { width, height, channels } = this;
    for (let y = 0; y < tile.height; y++)
      for (let x = 0; x < tile.width; x++) {
        const local = y * tile.width + x;
        const w = weights[local];
        if (w === 0) continue;
        const at = (tile.top + y) * width + tile.left + x;
        this.#weight[at] += w;
        for (let c = 0; c < channels; c++)
          this.#sum[c * width * height + at] += w * data[c * tile.width * tile.height + local];
      }
  }

  /** The blended picture; where no tile came, the samples of `background`. */
  blend(background: Float32Array): Float32Array {
    const n = this.width * this.height;
    return background.map((value, i) => {
      const weight = this.#weight[i % n];
      return weight > 0 ? this.#sum[i] / weight : value;
    });
  }
}
