import type { Engine } from "../../engine/index.ts";
import { encodeImage } from "../../node/codecs/index.ts";
import { createImage, fromModel, type Image } from "../../pictures/index.ts";
import type { Cell, CellStore } from "../cell.ts";
import { createSimulator } from "../measurement.ts";
import type { BenchPicture } from "../pictures.ts";
import type { Group } from "../plan.ts";
import { escapeHtml } from "./html.ts";

/** Pictures up to this side are shown with their pixels as squares, and stored without loss. */
const smallSide = 100;

/** Truth, measurement and every result for the first pictures of a group, as HTML with the pictures inside. */
export async function renderStrips(
  group: Group,
  pictures: readonly BenchPicture[],
  cells: readonly Cell[],
  { store, engine, seed }: { store: CellStore; engine: Engine; seed: number },
): Promise<string> {
  const { operator, task, rows } = group;
  const simulator = await createSimulator(operator, task.noise, seed, engine);
  try {
    const strips: string[] = [];
    for (const picture of pictures) {
      const figures = [await figure(asImage(picture.data, picture), "truth", picture.name)];
      const y = await simulator.measure(picture);
      const { image, note } = showMeasurement(y, operator.range);
      figures.push(await figure(image, "measurement", note));
      for (const { solver, cells: planned } of rows) {
        const key = planned.find((c) => c.picture === picture)?.key;
        const cell = cells.find((c) => c.key === key && c.solver === solver.label);
        const data = cell && (await store.picture(cell.key));
        if (cell && data) figures.push(await figure(asImage(data, picture), solver.label, captionOf(cell)));
      }
      const tall = Math.round((144 * picture.height) / picture.width);
      strips.push(`<div class="strip" style="--tall:${tall}px">${figures.join("")}</div>`);
    }
    return strips.join("\n");
  } finally {
    await simulator.dispose();
  }
}

function captionOf({ psnr, ssim, lpips }: Cell): string {
  const parts = [psnr === null || psnr === undefined ? "exact" : `${psnr.toFixed(2)} dB`];
  if (lpips) parts.push(`LPIPS ${lpips.value.toFixed(3)}`);
  else if (ssim !== undefined) parts.push(`SSIM ${ssim.toFixed(3)}`);
  return parts.join(", ");
}

async function figure(image: Image, title: string, note: string): Promise<string> {
  const small = Math.max(image.width, image.height) <= smallSide;
  const bytes = await encodeImage(image, small ? { format: "webp" } : { format: "webp", quality: 88 });
  const source = `data:image/webp;base64,${Buffer.from(bytes).toString("base64")}`;
  const alt = escapeHtml(`${title}: ${note}`);
  return (
    `<figure><div class="box"><img${small ? ' class="small"' : ""} src="${source}" alt="${alt}"></div>` +
    `<figcaption>${escapeHtml(title)}<small>${escapeHtml(note)}</small></figcaption></figure>`
  );
}

function asImage(data: Float32Array, { width, height, channels }: BenchPicture): Image {
  return fromModel(data, { width, height, channels });
}

/**
 * A measurement as a picture. What is one already is shown as it is; anything else (a sinogram, k-space, coefficients) as
 * the magnitude of its first planes, on a scale of its own.
 */
export function showMeasurement(y: Float32Array, range: readonly number[]): { image: Image; note: string } {
  const [, planes, height, width] = range;
  const inside = y.reduce((n, v) => n + (Math.abs(v) <= 1.6 ? 1 : 0), 0) / y.length;
  if ((planes === 1 || planes === 3) && inside > 0.98)
    return { image: fromModel(y, { width, height, channels: planes }), note: `${width}×${height}` };
  const n = width * height;
  const used = Math.min(planes, 3);
  const magnitude = Float32Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < used; c++) sum += y[c * n + i] ** 2;
    return Math.log1p(Math.sqrt(sum));
  });
  const top = magnitude.toSorted()[Math.floor(0.995 * (n - 1))] || 1;
  const data = magnitude.map((v) => Math.min(1, v / top));
  return { image: createImage(width, height, 1, data), note: `${width}×${height}, magnitudes (log)` };
}
