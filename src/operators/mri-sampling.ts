import { TweedieError } from "../errors.ts";
import { uniforms } from "../random/index.ts";
import { knownPixels } from "./masks.ts";

/** How k-space is sampled. Lines run along the height; what is chosen at random are their places along the width. */
export const samplingPatterns = ["random", "equispaced", "gaussian", "gaussian-2d", "poisson"] as const;
export type SamplingPattern = (typeof samplingPatterns)[number];

export interface Sampling {
  /**
   * - `random`: lines, uniformly (fastMRI);
   * - `equispaced`: lines at even distances beside the centre (fastMRI);
   * - `gaussian`: lines, denser in the middle;
   * - `gaussian-2d`: single points, denser in the middle;
   * - `poisson`: single points that keep a distance, which grows outwards.
   */
  readonly pattern: SamplingPattern;
  /** One in so many entries is measured, the centre included. */
  readonly acceleration: number;
  /** This fraction of the lines (of each side, for points) around the middle is measured entirely. */
  readonly centre: number;
  readonly seed: number;
}

/** A mask over centred k-space, [H, W] row by row: 1 where it is measured. At least one entry is. */
export function samplingMask(sampling: Sampling, height: number, width: number): Uint8Array {
  const { pattern } = sampling;
  if (pattern === "gaussian-2d" || pattern === "poisson") return points(sampling, height, width);
  const line = pattern === "equispaced" ? equispaced(sampling, width) : randomLines(sampling, width);
  return Uint8Array.from({ length: height * width }, (_, k) => line[k % width]);
}

/** A mask given bit by bit, one plane (see MaskSpec `bits`). */
export function givenMask(known: string, height: number, width: number): Uint8Array {
  const mask = knownPixels({ type: "bits", height, width, channels: 1, known }, 1, height, width).known;
  if (mask.includes(1)) return mask;
  throw new TweedieError("invalid-operator", { what: "mri mask", expected: "an entry that is measured", got: "none" });
}

/** First and last+1 of the middle `fraction` of n entries, around ⌊n/2⌋. */
function middle(n: number, fraction: number): [number, number] {
  const count = Math.min(n, Math.max(1, Math.round(n * fraction)));
  const first = Math.floor((n - count + 1) / 2);
  return [first, first + count];
}

function randomLines({ pattern, acceleration, centre, seed }: Sampling, width: number): Uint8Array {
  const line = new Uint8Array(width);
  line.fill(1, ...middle(width, centre));
  const wanted = Math.round(width / acceleration);
  const draws = uniforms({ seed, purpose: "mri lines" }, width);
  const weight = (k: number) => (pattern === "gaussian" ? density((k - Math.floor(width / 2)) / width) : 1);
  choose(line, wanted, (k) => Math.log(draws[k]) / weight(k));
  return line;
}

/** Standard deviation of 1/6 of the axis; the floor lets the outermost entries be chosen at all. */
const density = (distance: number) => Math.exp(-18 * distance * distance) + 1e-3;

/** Adds the entries of highest key until `wanted` are set. Keys log(u)/w draw without replacement with odds w (Efraimidis, Spirakis). */
function choose(mask: Uint8Array, wanted: number, key: (k: number) => number): void {
  const free = [...mask.keys()].filter((k) => mask[k] === 0);
  const missing = Math.max(0, wanted - (mask.length - free.length));
  const keys = new Map(free.map((k) => [k, key(k)]));
  free.sort((a, b) => (keys.get(b) ?? 0) - (keys.get(a) ?? 0) || a - b);
  for (const k of free.slice(0, missing)) mask[k] = 1;
}

/** fastMRI's equispaced mask: the distance is stretched so that centre and lines together have the acceleration asked for. */
function equispaced({ acceleration, centre, seed }: Sampling, width: number): Uint8Array {
  const line = new Uint8Array(width);
  const [first, last] = middle(width, centre);
  line.fill(1, first, last);
  const low = last - first;
  if (low * acceleration >= width) return line;
  const distance = (acceleration * (low - width)) / (low * acceleration - width);
  const [draw] = uniforms({ seed, purpose: "mri lines" }, 1);
  for (let at = draw * (distance - 1); at < width - 0.5; at += distance) line[Math.round(at)] = 1;
  return line;
}

function points(sampling: Sampling, height: number, width: number): Uint8Array {
  const mask = new Uint8Array(height * width);
  const [[top, bottom], [left, right]] = [middle(height, sampling.centre), middle(width, sampling.centre)];
  for (let i = top; i < bottom; i++) mask.fill(1, i * width + left, i * width + right);
  const wanted = Math.round(mask.length / sampling.acceleration);
  const draws = uniforms({ seed: sampling.seed, purpose: "mri points" }, mask.length);
  const at = (k: number) => [
    (Math.floor(k / width) - Math.floor(height / 2)) / height,
    ((k % width) - Math.floor(width / 2)) / width,
  ];
  if (sampling.pattern === "gaussian-2d") {
    choose(mask, wanted, (k) => {
      const [y, x] = at(k);
      return Math.log(draws[k]) / density(Math.hypot(x, y));
    });
    return mask;
  }
  const order = [...mask.keys()].sort((a, b) => draws[a] - draws[b] || a - b);
  const radius = (k: number) => {
    const [y, x] = at(k);
    return 1 + 6 * Math.hypot(x, y);
  };
  // The distances are scaled until the count is right; a smaller scale admits more points.
  let [low, high] = [0, Math.hypot(height, width)];
  let best: Uint8Array = mask;
  for (let round = 0; round < 24; round++) {
    const scale = (low + high) / 2;
    best = throwDarts(mask, order, (k) => scale * radius(k), height, width);
    const count = best.reduce((sum, v) => sum + v, 0);
    if (count === wanted) break;
    if (count > wanted) low = scale;
    else high = scale;
  }
  choose(best, wanted, (k) => draws[k]);
  return best;
}

/** Points in the given order, each unless an earlier one lies within its radius. */
function throwDarts(
  start: Uint8Array,
  order: readonly number[],
  radius: (k: number) => number,
  height: number,
  width: number,
): Uint8Array {
  const mask = start.slice();
  for (const k of order) {
    if (mask[k]) continue;
    const [i, j, r] = [Math.floor(k / width), k % width, radius(k)];
    const reach = Math.ceil(r) - 1;
    let free = true;
    for (let y = Math.max(0, i - reach); free && y <= Math.min(height - 1, i + reach); y++)
      for (let x = Math.max(0, j - reach); free && x <= Math.min(width - 1, j + reach); x++)
        if (mask[y * width + x] && (y - i) ** 2 + (x - j) ** 2 < r * r) free = false;
    if (free) mask[k] = 1;
  }
  return mask;
}
