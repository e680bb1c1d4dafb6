import type { Image } from "../pictures/index.ts";

/** Which pixels show at all: 1 where the opacity is above 0; undefined where all do, or none. */
export function visiblePixels({ alpha }: Image): Uint8Array | undefined {
  if (!alpha?.includes(0)) return undefined;
  const visible = Uint8Array.from(alpha, (value) => (value > 0 ? 1 : 0));
  return visible.includes(1) ? visible : undefined;
}

/**
 * The picture with other colours where it is wholly transparent: those of the visible pixels, continued outwards. What lies
 * under transparency is left over from whatever a program did last, and must not reach what shows.
 */
export function withoutHiddenColours(image: Image): Image {
  const visible = visiblePixels(image);
  if (!visible) return image;
  const { width, height, channels } = image;
  const n = width * height;
  const data = image.data.slice();
  const filled = visible.slice();
  let front = [...filled.keys()].filter((i) => filled[i]);
  while (front.length > 0) {
    const next = new Set<number>();
    for (const i of front) for (const j of neighbours(i, width, height)) if (!filled[j]) next.add(j);
    for (const i of next) {
      const around = neighbours(i, width, height).filter((j) => filled[j]);
      for (let c = 0; c < channels; c++)
        data[c * n + i] = around.reduce((sum, j) => sum + data[c * n + j], 0) / around.length;
    }
    // Only now: the pixels of one ring do not depend on their order.
    for (const i of next) filled[i] = 1;
    front = [...next];
  }
  return { ...image, data };
}

function neighbours(i: number, width: number, height: number): number[] {
  const [x, y] = [i % width, Math.floor(i / width)];
  const found: number[] = [];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
      if (u !== x || v !== y) found.push(v * width + u);
  return found;
}
