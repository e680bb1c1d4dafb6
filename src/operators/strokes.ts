import { uniforms } from "../random/index.ts";

/**
 * Free-form holes: brush strokes in random places until `missing` of the picture is covered (after the masks of gated
 * convolution, arXiv 1806.03589, which Palette, RED-diff and others use). A stroke is a chain of 4 to 12 segments that
 * wriggles: its turns are 2π/5 ± 2π/15, every other one the opposite way; lengths average an eighth of the diagonal,
 * widths are 12 to 40 pixels at 256². The stroke that reaches the coverage stops there.
 * @param missing covered fraction, 0 to 1
 * @returns 1 = known, 0 = missing, row-major
 */
export function strokes(height: number, width: number, missing: number, seed: number): Uint8Array {
  const known = new Uint8Array(height * width).fill(1);
  const wanted = Math.round(missing * known.length);
  const scale = Math.min(height, width) / 256;
  const mean = Math.hypot(height, width) / 8;
  let covered = 0;
  const dab = (x: number, y: number, radius: number) => {
    const reach = Math.max(radius, 0.5);
    for (let i = Math.max(0, Math.ceil(y - reach)); i <= Math.min(height - 1, Math.floor(y + reach)); i++)
      for (let j = Math.max(0, Math.ceil(x - reach)); j <= Math.min(width - 1, Math.floor(x + reach)); j++) {
        if (covered === wanted) return;
        if (!known[i * width + j] || Math.hypot(i - y, j - x) > reach) continue;
        known[i * width + j] = 0;
        covered++;
      }
  };
  for (let stroke = 0; covered < wanted; stroke++) {
    if (stroke === mostStrokes) {
      // Nearly everything is to be covered and the strokes keep missing the rest.
      for (let k = 0; k < known.length && covered < wanted; k++) {
        covered += known[k];
        known[k] = 0;
      }
      break;
    }
    const draws = uniforms({ seed, step: stroke, purpose: "mask strokes" }, 6 + 3 * 12);
    const corners = 4 + Math.floor(draws[0] * 9);
    const radius = (scale * (12 + 28 * draws[1])) / 2;
    const turn = (2 * Math.PI * (4 + 2 * draws[2])) / 15;
    let [x, y] = [draws[3] * width, draws[4] * height];
    dab(x, y, radius);
    for (let k = 0; k < corners && covered < wanted; k++) {
      const [a, b, c] = draws.subarray(6 + 3 * k);
      const angle = (k % 2 === 0 ? -1 : 1) * turn * (0.5 + a);
      // Of mean one and never longer than two: the sum of two uniforms.
      const length = Math.max(1, mean * (b + c));
      const steps = Math.ceil(length);
      const [toX, toY] = [
        Math.min(width, Math.max(0, x + length * Math.sin(angle))),
        Math.min(height, Math.max(0, y + length * Math.cos(angle))),
      ];
      for (let s = 1; s <= steps; s++) dab(x + ((toX - x) * s) / steps, y + ((toY - y) * s) / steps, radius);
      [x, y] = [toX, toY];
    }
  }
  return known;
}

const mostStrokes = 2000;
