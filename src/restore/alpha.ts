import type { Image, Mask } from "../pictures/index.ts";

/**
 * The opacity of a result. Transparent holes that were filled become opaque; an alpha channel that then says nothing more
 * is left out. Otherwise it is kept, enlarged with the picture.
 */
export function resultAlpha(
  image: Image,
  width: number,
  height: number,
  filled: Mask | undefined,
): Float32Array | undefined {
  const { alpha } = image;
  if (!alpha) return undefined;
  if (filled && alpha.some((value, i) => !filled.known[i] && value < 1)) {
    const opaque = alpha.map((value, i) => (filled.known[i] ? value : 1));
    return opaque.every((value) => value === 1) ? undefined : opaque;
  }
  if (width === image.width && height === image.height) return alpha;
  return enlarge(alpha, image.width, image.height, width, height);
}

/** Bilinear, pixel centres aligned, borders repeated. */
function enlarge(plane: Float32Array, width: number, height: number, toWidth: number, toHeight: number): Float32Array {
  const axis = (from: number, to: number) =>
    Array.from({ length: to }, (_, i) => {
      const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
      const low = Math.floor(at);
      return { low, high: Math.min(from - 1, low + 1), part: at - low };
    });
  const columns = axis(width, toWidth);
  const rows = axis(height, toHeight);
  const out = new Float32Array(toWidth * toHeight);
  rows.forEach(({ low: top, high: bottom, part: down }, y) => {
    columns.forEach(({ low, high, part }, x) => {
      const upper = plane[top * width + low] * (1 - part) + plane[top * width + high] * part;
      const lower = plane[bottom * width + low] * (1 - part) + plane[bottom * width + high] * part;
      out[y * toWidth + x] = upper * (1 - down) + lower * down;
    });
  });
  return out;
}
