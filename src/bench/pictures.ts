import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { TweedieError } from "../errors.ts";
import { readImage } from "../node/pictures.ts";
import { crop, type Image, supportedExtensions, toGrey, toModel, toRgb } from "../pictures/index.ts";
import type { ImagesEntry } from "./spec.ts";

/** A clean picture as the priors see it. */
export interface BenchPicture {
  readonly set: string;
  /** Its place in the set. */
  readonly index: number;
  /** File name without its ending. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Planar, [-1, 1]. */
  readonly data: Float32Array;
  /** Of the samples above. */
  readonly sha256: string;
}

/**
 * Reads a picture set. Whole pictures lose what exceeds a multiple of 8 pixels on each side, so that they can be reduced.
 * @param channels those of the prior: colour is made grey, grey is repeated
 * @throws TweedieError `missing-file` for a folder without pictures, and like `readImage`
 */
export async function readPictures(entry: ImagesEntry, channels: 1 | 3, signal?: AbortSignal): Promise<BenchPicture[]> {
  const pictures: BenchPicture[] = [];
  for (const [index, file] of (await chooseFiles(entry)).entries()) {
    if (signal?.aborted) throw new TweedieError("aborted", { message: "reading the pictures was aborted" });
    const image = cut(await readImage(join(entry.folder, file)), entry);
    const data = toModel(channels === 1 ? toGrey(image) : toRgb(image));
    const sha256 = createHash("sha256").update(new Uint8Array(data.buffer)).digest("hex");
    const { width, height } = image;
    pictures.push({ set: entry.name, index, name: parse(file).name, width, height, channels, data, sha256 });
  }
  return pictures;
}

async function chooseFiles({ name, folder, files, limit }: ImagesEntry): Promise<string[]> {
  const expected = "a folder of pictures";
  const all = await readdir(folder).catch((cause: unknown) => {
    throw new TweedieError("missing-file", { what: `pictures ${name}`, expected, got: `no folder ${folder}`, cause });
  });
  const pictures = all.filter((file) => supportedExtensions.includes(parse(file).ext.toLowerCase())).sort();
  if (pictures.length === 0)
    throw new TweedieError("missing-file", { what: `pictures ${name}`, expected, got: `none in ${folder}` });
  const chosen = files ? files.map((file) => findFile(file, pictures, folder)) : pictures;
  const n = Math.min(limit ?? chosen.length, chosen.length);
  return Array.from({ length: n }, (_, i) => chosen[Math.floor((i * chosen.length) / n)]);
}

function findFile(file: string, pictures: readonly string[], folder: string): string {
  const found = pictures.find((other) => other === file || parse(other).name === file);
  if (found !== undefined) return found;
  throw new TweedieError("missing-file", { what: file, expected: `a picture in ${folder}`, got: "no such file" });
}

function cut(image: Image, { crop: side }: ImagesEntry): Image {
  const length = (whole: number) => (side ? Math.min(side, whole) : whole - (whole % 8));
  const [width, height] = [length(image.width), length(image.height)];
  if (width < 8 || height < 8)
    throw new TweedieError("size-mismatch", {
      what: "picture",
      expected: "at least 8x8 pixels",
      got: `${image.width}x${image.height}`,
    });
  return crop(image, (image.width - width) >> 1, (image.height - height) >> 1, width, height);
}
