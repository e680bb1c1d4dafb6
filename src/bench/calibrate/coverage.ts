/**
 * How often the truth lies inside credible intervals made of posterior samples.
 *
 *   x_(1) ≤ … ≤ x_(K)     K samples of one pixel, sorted
 *   If truth and samples are exchangeable (the samples are drawn from the posterior), the truth's rank among them is
 *   uniform, so that [x_(i), x_(K+1−i)] covers it with probability 1 − 2i/(K+1): exactly, for every K.
 *   A level q asks for i = r = (K+1)(1−q)/2. Where r is no whole number the two neighbouring intervals are mixed, which
 *   keeps the expectation at q; below r = 1 the wider one is the whole line.
 */

/** Nominal levels of the intervals. */
export const levels = [0.5, 0.8, 0.9, 0.95] as const;

/** What one picture says about a solver's samples. */
export interface Coverage {
  /** Share of the pixels whose truth lies inside the interval, for each of {@link levels}. */
  readonly covered: readonly number[];
  /** How often the truth has each rank, 0 (below all samples) to K, as shares. */
  readonly ranks: readonly number[];
  /** Root mean square of the samples' standard deviation, and of their mean's error. */
  readonly spread: number;
  readonly error: number;
  /** Pixels that count: those on which the samples differ. */
  readonly pixels: number;
}

/**
 * @param truth one picture, flat
 * @param samples as many values for each of K samples
 */
export function coverageOf(truth: ArrayLike<number>, samples: readonly ArrayLike<number>[]): Coverage {
  const k = samples.length;
  const ranks = new Float64Array(k + 1);
  const covered = levels.map(() => 0);
  let [pixels, spread, error] = [0, 0, 0];
  for (let p = 0; p < truth.length; p++) {
    let [below, equal, sum] = [0, 0, 0];
    for (const sample of samples) {
      below += sample[p] < truth[p] ? 1 : 0;
      equal += sample[p] === truth[p] ? 1 : 0;
      sum += sample[p];
    }
    const mean = sum / k;
    const squares = samples.reduce((total, sample) => total + (sample[p] - mean) ** 2, 0);
    if (squares === 0) continue; // known exactly: there is no interval
    pixels++;
    spread += squares / (k - 1);
    error += (mean - truth[p]) ** 2;
    // Equal values share the ranks that they could have among themselves.
    for (let e = 0; e <= equal; e++) {
      const share = 1 / (equal + 1);
      ranks[below + e] += share;
      levels.forEach((level, l) => {
        covered[l] += share * insideAt(below + e, k, level);
      });
    }
  }
  const n = Math.max(1, pixels);
  return {
    covered: covered.map((v) => v / n),
    ranks: Array.from(ranks, (v) => v / n),
    spread: Math.sqrt(spread / n),
    error: Math.sqrt(error / n),
    pixels,
  };
}

/** Is a truth of this rank inside the interval of a level? A share where two intervals are mixed. */
function insideAt(rank: number, k: number, level: number): number {
  const r = ((k + 1) * (1 - level)) / 2;
  const i = Math.floor(r + 1e-9);
  const inside = (edge: number): number => (rank >= edge && rank <= k - edge ? 1 : 0);
  const mix = Math.max(0, r - i);
  return (1 - mix) * inside(i) + (mix > 1e-9 ? mix * inside(i + 1) : 0);
}

/** Coverage over several pictures: means, with standard errors from the differences between pictures. */
export interface Calibration {
  readonly pictures: number;
  readonly pixels: number;
  readonly levels: readonly { readonly level: number; readonly covered: number; readonly standardError?: number }[];
  readonly ranks: readonly number[];
  /** Spread over error, corrected for the number of samples: 1 where the samples are as wide as they should be. */
  readonly spreadSkill: number;
}

/** Pixels of one picture depend on each other, pictures do not: each picture counts as one observation. */
export function pool(parts: readonly Coverage[], samples: number): Calibration {
  const counted = parts.filter(({ pixels }) => pixels > 0);
  const n = counted.length;
  const mean = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / n;
  const [spread, error] = [mean(counted.map((c) => c.spread ** 2)), mean(counted.map((c) => c.error ** 2))];
  return {
    pictures: n,
    pixels: counted.reduce((sum, { pixels }) => sum + pixels, 0),
    levels: levels.map((level, l) => {
      const values = counted.map(({ covered }) => covered[l]);
      const covered = mean(values);
      const variance = values.reduce((s, v) => s + (v - covered) ** 2, 0) / (n - 1);
      return { level, covered, ...(n > 1 ? { standardError: Math.sqrt(variance / n) } : {}) };
    }),
    ranks: n === 0 ? [] : counted[0].ranks.map((_, i) => mean(counted.map(({ ranks }) => ranks[i]))),
    // The mean of K samples errs by their own spread/√K besides.
    spreadSkill: Math.sqrt(((samples + 1) / samples) * (spread / error)),
  };
}
