import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";

/** Writes pictures on [-1, 1] side by side as one PNG. */
export async function writeStrip(
  path: string,
  pictures: readonly Float32Array[],
  height: number,
  width: number,
): Promise<void> {
  const file = `${path.replace(/[^\w./-]+/g, "-").replace(/\.(png|jpe?g)$/i, "")}.png`;
  await mkdir(dirname(file), { recursive: true });
  const raw = Buffer.alloc(pictures.length * width * height * 3);
  pictures.forEach((data, k) => {
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) {
          const value = Math.round((data[(c * height + i) * width + j] + 1) * 127.5);
          raw[((i * pictures.length + k) * width + j) * 3 + c] = Math.min(255, Math.max(0, value));
        }
  });
  await sharp(raw, { raw: { width: width * pictures.length, height, channels: 3 } })
    .png()
    .toFile(file);
}
