import type { Image, Mask } from "./index.ts";

/** How the border of what was filled in compares with its neighbourhood; jumps are mean absolute differences, 0..1 scale. */
export interface Seam {
  /** Between neighbours of which one is missing. */
  readonly jump: number;
  /** Between the missing one and the next further in, where that is missing too; 0 where none is. */
  readonly inside: number;
  /** Between the known one and the next further out; 0 where there is none. */
  readonly outside: number;
  /** `jump` over `inside` (over `outside` where a hole is one pixel wide). */
  readonly ratio: number;
  /** Does the border stand out from both sides? */
  readonly visible: boolean;
}

/** So much larger than the jumps on either side must one be to be seen, and so large at least. */
const STANDS_OUT = 1.5;
const SEEN = 2 / 255;

/** Compares jumps across the border of a mask with those beside it; undefined where the mask has no border within the picture. */
export function seamOf({ width, height, channels, data }: Image, { known }: Mask): Seam | undefined {
  const [across, inward, outward] = [new Mean(), new Mean(), new Mean()];
  const difference = (i: number, j: number) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.abs(data[c * width * height + i] - data[c * width * height + j]);
    return sum / channels;
  };
  const along = (length: number, at: (k: number) => number) => {
    for (let k = 0; k + 1 < length; k++) {
      const [i, j] = [at(k), at(k + 1)];
      if (known[i] === known[j]) continue;
      across.add(difference(i, j));
      for (const [from, to] of [
        [k, k - 1],
        [k + 1, k + 2],
      ]) {
        if (to < 0 || to >= length || known[at(from)] !== known[at(to)]) continue;
        (known[at(from)] ? outward : inward).add(difference(at(from), at(to)));
      }
    }
  };
  for (let y = 0; y < height; y++) along(width, (x) => y * width + x);
  for (let x = 0; x < width; x++) along(height, (y) => y * width + x);
  if (across.count === 0) return undefined;
  const [jump, inside, outside] = [across.value, inward.value, outward.value];
  const ratio = jump / Math.max(inside > 0 ? inside : outside, 1e-6);
  return { jump, inside, outside, ratio, visible: jump > SEEN && jump > STANDS_OUT * Math.max(inside, outside) };
}

class Mean {
  count = 0;
  #sum = 0;

  add(value: number): void {
    this.#sum += value;
    this.count++;
  }

  get value(): number {
    return this.count > 0 ? this.#sum / this.count : 0;
  }
}
