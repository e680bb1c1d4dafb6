import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readImage } from "../src/node/pictures.ts";

/** Colour picture on [-1, 1], planar. */
export interface BenchPicture {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** The folder with the evaluation sets, beside the project. */
export const evaluationFolder = (set: string) =>
  fileURLToPath(new URL(`../../shared/data/eval/${set}`, import.meta.url));

/**
 * Pictures of a set: `set5`, or the first few of it, evenly spread: `cbsd68:8`.
 * @param crop takes the middle square of that side (0: the whole picture, cut to multiples of 8)
 */
export async function readSet(spec: string, crop: number): Promise<BenchPicture[]> {
  const [set, count] = spec.split(":");
  const folder = evaluationFolder(set);
  const files = (await readdir(folder)).filter((f) => /\.(png|jpe?g)$/i.test(f)).sort();
  const step = count ? files.length / Number(count) : 1;
  const chosen = count ? Array.from({ length: Number(count) }, (_, i) => files[Math.floor(i * step)]) : files;
  return Promise.all(chosen.map(async (file) => readPicture(join(folder, file), `${set}/${file}`, crop)));
}

async function readPicture(path: string, name: string, crop: number): Promise<BenchPicture> {
  const image = await readImage(path);
  const side = (whole: number) => (crop > 0 ? Math.min(crop, whole) : whole - (whole % 8));
  const [height, width] = [side(image.height), side(image.width)];
  const [top, left] = [(image.height - height) >> 1, (image.width - width) >> 1];
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const from = ((image.channels === 1 ? 0 : c) * image.height + top + i) * image.width + left + j;
        data[(c * height + i) * width + j] = 2 * image.data[from] - 1;
      }
  return { name, height, width, data };
}
