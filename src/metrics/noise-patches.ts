import { clippedMoments, shareAt } from "./clipping.ts";
import { median } from "./noise-wavelet.ts";
import { highFrequencies, type PatchTable, tabulatePatches } from "./patches.ts";
import type { Planes } from "./ssim.ts";

/** Patch sides, the best first: smaller ones where a mask or the picture's size leaves too few patches. */
const SIDES = [8, 6, 5, 4, 3, 2];
/** Wanted patches of a side before a smaller side is tried. */
const ENOUGH = 400;
/** The first candidate is made of this many of the flattest patches, the next of twice as many... */
const FIRST = 300;
/** No candidate is made of more: its error would be smaller than what the model of the noise is worth. */
const LAST = 16 * FIRST;
/** Relative standard error of a candidate made of n patches is about this over the square root of n. */
const SPREAD = 0.4;
/** Patches where clipping leaves less than this share of the noise variance are used only when there are no others. */
const LEAST_SHARE = 0.8;

/**
 * Noise of the flattest patches: the patches are ranked by the energy of their low frequencies (DCT), and the noise is
 * read from the high ones. For white noise the two are independent, so the ranking does not favour patches in which
 * the noise happens to be small; and where the low frequencies are silent, so is the texture in the high ones.
 * Ponomarenko et al., "An automatic approach to lossy compression of AVIRIS images", IGARSS 2007; Colom, Buades,
 * "Analysis and extension of the Ponomarenko et al. method", IPOL 2013. Ours: the median over the high frequencies;
 * colour differences (orthonormal) beside the brightness; how many patches are used is decided by the picture
 * (Lepski's rule: as many as possible while the estimate does not move by more than its error); the correction for
 * clipping.
 */
export function estimateFromPatches(image: Planes, known?: Uint8Array): number | undefined {
  let table: PatchTable | undefined;
  for (const side of SIDES) {
    const candidate = tabulatePatches(image, side, known);
    if (table === undefined || candidate.count > table.count) table = candidate;
    if (table.count >= ENOUGH) break;
  }
  if (table === undefined || table.count < 4) return undefined;
  const all = new Float64Array(table.count * image.channels).fill(1);
  if (!isClipped(image, known))
    return lepski(
      image,
      table,
      all,
      Uint32Array.from({ length: table.count }, (_, i) => i),
    );

  // Each round corrects for clipping by the estimate before it; the first one takes no patch that is all black or white.
  let sigma = 1 / 255;
  for (let round = 0; round < 6; round++) {
    const { share, chosen } = unclipped(table, image.channels, sigma);
    const next = lepski(image, table, share, chosen);
    if (next === undefined || next === 0) return next;
    const settled = Math.abs(next - sigma) < 0.002 * next;
    sigma = next;
    if (settled) break;
  }
  return sigma;
}

/** Whether samples pile up at the ends of the range and none goes beyond. */
function isClipped({ data, width, height }: Planes, known?: Uint8Array): boolean {
  let atEnds = 0;
  let seen = 0;
  for (let i = 0; i < data.length; i++) {
    if (known && !known[i % (width * height)]) continue;
    seen++;
    if (data[i] < 0 || data[i] > 1) return false;
    if (data[i] === 0 || data[i] === 1) atEnds++;
  }
  return atEnds > 0.001 * seen;
}

/** Variance shares per patch and channel at noise level sigma, and the patches that clipping touches little. */
function unclipped(table: PatchTable, channels: number, sigma: number): { share: Float64Array; chosen: Uint32Array } {
  const moments = clippedMoments(sigma);
  const share = table.mean.map((value) => shareAt(moments, value));
  const worst = new Float64Array(table.count);
  for (let p = 0; p < table.count; p++) {
    let least = 1;
    for (let c = 0; c < channels; c++) least = Math.min(least, share[p * channels + c]);
    worst[p] = least;
  }
  const wanted = Math.min(FIRST, table.count);
  const sorted = worst.slice().sort();
  // Below one hundredth there is no noise left to measure.
  const threshold = Math.max(0.01, Math.min(LEAST_SHARE, sorted[table.count - wanted]));
  const chosen: number[] = [];
  for (let p = 0; p < table.count; p++) if (worst[p] >= threshold) chosen.push(p);
  return { share, chosen: Uint32Array.from(chosen) };
}

/** The `count` patches of least energy, in its order. */
function flattest(patches: Uint32Array, energy: Float64Array, count: number): Uint32Array {
  let few = patches;
  if (patches.length > count) {
    const limit = Float64Array.from(patches, (p) => energy[p]).sort()[count - 1];
    few = patches.filter((p) => energy[p] <= limit);
  }
  return few.toSorted((p, q) => energy[p] - energy[q]);
}

/** The estimate from the flattest of the chosen patches; undefined when there are too few. */
function lepski(image: Planes, table: PatchTable, share: Float64Array, chosen: Uint32Array): number | undefined {
  const { channels } = image;
  if (chosen.length < 4) return undefined;
  const energy = new Float64Array(table.count);
  for (const p of chosen) {
    for (let c = 0; c < channels; c++) energy[p] += table.energy[p * channels + c] / share[p * channels + c];
  }
  const ranked = flattest(chosen, energy, LAST);
  const accumulate = highFrequencies(image, table, share);
  let best: number | undefined;
  let high = Number.POSITIVE_INFINITY;
  let low = 0;
  let used = 0;
  for (let n = Math.min(FIRST, ranked.length); ; n = Math.min(2 * n, ranked.length)) {
    const candidate = Math.sqrt(median(accumulate(ranked.subarray(used, n))));
    used = n;
    // It rises with the texture, and falls where part of a patch is saturated.
    if (candidate > high || candidate < low) break;
    best = candidate;
    high = Math.min(high, candidate * (1 + SPREAD / Math.sqrt(n)));
    low = Math.max(low, candidate * (1 - (2 * SPREAD) / Math.sqrt(n)));
    if (n === ranked.length) break;
  }
  return best;
}
