/**
 * Accuracy of the noise estimate on real pictures with synthetic noise: median and 90th percentile of the relative
 * error over a folder of clean pictures, per noise level; unclipped, and clipped to 8 bits as in a file.
 *
 *   npx tsx perf/noise.ts [--images ../shared/data/eval/cbsd68] [--every 1] [--grey] [--crop 0] [--known 1]
 *                                [--jpeg QUALITY]
 *
 * `--crop N` takes the middle N pixels a side, `--known 0.3` hides the rest of the pixels at random, `--jpeg 90` compresses
 * the noisy 8-bit pictures before they are looked at.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { estimateNoise } from "../src/metrics/index.ts";
import { decodeImage, encodeImage } from "../src/node/codecs/index.ts";
import { readImage } from "../src/node/pictures.ts";
import { crop, type Image, toGrey } from "../src/pictures/index.ts";
import { normals, uniforms } from "../src/random/index.ts";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "../shared/data/eval/cbsd68" },
    every: { type: "string", default: "1" },
    grey: { type: "boolean", default: false },
    crop: { type: "string", default: "0" },
    known: { type: "string", default: "1" },
    jpeg: { type: "string" },
  },
});

const pictures: Image[] = [];
const names = (await readdir(values.images)).filter((name) => /\.(png|jpe?g)$/.test(name)).sort();
for (let i = 0; i < names.length; i += Number(values.every)) {
  let image = await readImage(join(values.images, names[i]));
  if (values.grey) image = toGrey(image);
  const side = Math.min(Number(values.crop) || Number.POSITIVE_INFINITY, image.width, image.height);
  if (Number(values.crop) > 0) {
    image = crop(image, (image.width - side) >> 1, (image.height - side) >> 1, side, side);
  }
  pictures.push(image);
}

const known = Number(values.known);
console.log(
  `${pictures.length} pictures of ${values.images}; relative error of sigma, per cent: median |e| (bias, p90)\n`,
);
const file = values.jpeg ? `JPEG ${values.jpeg}` : "8 bits clipped";
console.log(`| sigma*255 | patches | patches, ${file} | wavelet | wavelet, ${file} | ms |`);
console.log("| --- | --- | --- | --- | --- | --- |");
for (const level of [2, 5, 10, 15, 25, 50]) {
  const cells: string[] = [];
  const start = performance.now();
  let calls = 0;
  for (const method of ["patches", "wavelet"] as const)
    for (const clipped of [false, true]) {
      const errors: number[] = [];
      for (const [index, picture] of pictures.entries()) {
        const damaged = addTestNoise(picture, level / 255, index, clipped);
        const noisy = clipped && values.jpeg ? await compress(damaged, Number(values.jpeg)) : damaged;
        const mask = known < 1 ? randomMask(picture, known, index) : undefined;
        calls += method === "patches" ? 1 : 0;
        errors.push((estimateNoise(noisy, { method, mask }) * 255) / level - 1);
      }
      const sizes = errors.map(Math.abs);
      const figures = [quantile(sizes, 0.5), quantile(errors, 0.5), quantile(sizes, 0.9)].map((e) =>
        (100 * e).toFixed(1),
      );
      cells.push(`${figures[0]} (${figures[1]}, ${figures[2]})`);
    }
  console.log(`| ${level} | ${cells.join(" | ")} | ${((performance.now() - start) / calls).toFixed(0)} |`);
}

/** The picture with noise; clipped and rounded to 8 bits as a file would hold it, or as it is. */
function addTestNoise(image: Image, sigma: number, seed: number, clipped: boolean): Image {
  const z = normals({ seed, sample: 0, step: 0, purpose: "bench-noise" }, image.data.length);
  const data = image.data.map((value, i) => {
    const noisy = value + sigma * z[i];
    return clipped ? Math.round(255 * Math.min(1, Math.max(0, noisy))) / 255 : noisy;
  });
  return { ...image, data };
}

async function compress(image: Image, quality: number): Promise<Image> {
  return decodeImage(await encodeImage(image, { format: "jpeg", quality }));
}

function randomMask({ width, height }: Image, share: number, seed: number): { known: Uint8Array } {
  const draws = uniforms({ seed, sample: 0, step: 0, purpose: "bench-mask" }, width * height);
  return { known: Uint8Array.from(draws, (value) => (value < share ? 1 : 0)) };
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}
