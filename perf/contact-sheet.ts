import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { encodeImage } from "../src/node/codecs/index.ts";
import { writeAtomic } from "../src/node/files.ts";
import { createImage, type Image } from "../src/pictures/index.ts";

/** Writes square colour pictures of one size as a near-square sheet, row by row, white where there are none. */
export async function writeContactSheet(images: readonly Image[], file: string): Promise<void> {
  const side = images[0].width;
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Math.ceil(images.length / columns);
  const sheet = new Float32Array(3 * columns * side * rows * side).fill(1);
  for (const [k, { data }] of images.entries())
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < side; i++) {
        const to = ((c * rows + Math.floor(k / columns)) * side + i) * columns * side + (k % columns) * side;
        sheet.set(data.subarray((c * side + i) * side, (c * side + i + 1) * side), to);
      }
  await mkdir(dirname(file), { recursive: true });
  await writeAtomic(file, await encodeImage(createImage(columns * side, rows * side, 3, sheet), { format: "png" }));
}
