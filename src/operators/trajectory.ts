import { uniforms } from "../random/index.ts";
import { type Kernel, normalizedKernel } from "./kernel.ts";

/**
 * The blur of a shaking camera: the time that a random path spends over each pixel, inside size × size pixels. The model
 * is that of the kernels which DPS and its successors use (github.com/LeviBorodenko/motionblur), written anew:
 *
 *   D          diagonal of the kernel, √2·size
 *   length     0.75 D (u + u'·intensity²), u and u' uniform on (0, 1)
 *   steps      D (1 − intensity)·Beta(1, 30) each, until they add up to the length
 *   angles     the first uniform on ±a, a uniform on (0, π·intensity); then each is another draw of the same side, or,
 *              with probability j ~ Beta(2, 20), of the other side
 *
 * The path is turned by a random angle and its centre of mass put on the kernel's centre; one that leaves the kernel is
 * shrunk until it fits. Intensity 0 is a straight line, 1 a shaky path.
 * @param size odd number of pixels
 * @param intensity 0 to 1
 */
export function trajectoryKernel(size: number, intensity: number, seed: number): Kernel {
  const path = randomPath(size, intensity, seed);
  const centre = (size - 1) / 2;
  const data = new Float64Array(size * size);
  const splat = (x: number, y: number, weight: number) => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    for (const i of [top, top + 1])
      for (const j of [left, left + 1]) {
        const w = weight * (1 - Math.abs(x - j)) * (1 - Math.abs(y - i));
        if (w > 0 && i >= 0 && i < size && j >= 0 && j < size) data[i * size + j] += w;
      }
  };
  for (let k = 0; k + 1 < path.length; k++) {
    const [[x, y], [toX, toY]] = [path[k], path[k + 1]];
    const length = Math.hypot(toX - x, toY - y);
    const parts = Math.max(1, Math.ceil(8 * length));
    for (let s = 0; s < parts; s++) {
      const t = (s + 0.5) / parts;
      splat(centre + x + t * (toX - x), centre + y + t * (toY - y), Math.max(length, 1e-9) / parts);
    }
  }
  return normalizedKernel(size, size, data);
}

/** Corners of the path, (0, 0) its centre of mass. */
function randomPath(size: number, intensity: number, seed: number): [number, number][] {
  const draw = (purpose: string, n: number) => uniforms({ seed, purpose: `trajectory ${purpose}` }, n);
  const diagonal = Math.SQRT2 * size;
  const [u, v, spread, turn] = draw("shape", 4);
  const length = 0.75 * diagonal * (u + v * intensity ** 2);
  const widest = spread * Math.PI * intensity;
  // Beta(2, 20) is the second smallest of 21 uniforms.
  const flips = draw("flips", 21).sort()[1];
  const most = 10_000;
  const [steps, angles, chances] = [draw("steps", most), draw("angles", most), draw("chances", most)];
  const points: [number, number][] = [[0, 0]];
  let side = angles[0] < 0.5 ? -1 : 1;
  let done = 0;
  for (let k = 0; done < length && k < most; k++) {
    // Beta(1, 30) by its distribution function 1 − (1 − x)³⁰.
    const step = Math.min(length - done, diagonal * (1 - intensity + 0.01) * (1 - (1 - steps[k]) ** (1 / 30)));
    if (k > 0 && chances[k] < flips) side = -side;
    const angle = side * Math.abs(2 * angles[k] - 1) * widest + 2 * Math.PI * turn;
    const [x, y] = points[k];
    points.push([x + step * Math.cos(angle), y + step * Math.sin(angle)]);
    done += step;
  }
  return centred(points, (size - 1) / 2);
}

function centred(points: [number, number][], room: number): [number, number][] {
  let [x, y, mass] = [0, 0, 0];
  for (let k = 0; k + 1 < points.length; k++) {
    const [a, b] = [points[k], points[k + 1]];
    const weight = Math.hypot(b[0] - a[0], b[1] - a[1]);
    x += (weight * (a[0] + b[0])) / 2;
    y += (weight * (a[1] + b[1])) / 2;
    mass += weight;
  }
  const moved = points.map(([a, b]) => [a - x / mass, b - y / mass] as [number, number]);
  const reach = moved.reduce((most, [a, b]) => Math.max(most, Math.abs(a), Math.abs(b)), 0);
  const shrink = Math.min(1, room / Math.max(reach, 1e-9));
  return moved.map(([a, b]) => [a * shrink, b * shrink]);
}
