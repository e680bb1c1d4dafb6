/** What was done to a channel to make it most like the reference. */
export interface Resolution {
  readonly turned: boolean;
  readonly negated: boolean;
  /** Moved down and to the right by this many pixels. */
  readonly shift: readonly [down: number, right: number];
}

export interface AmbiguityOptions {
  /** Shifts up to this many pixels are tried; 0 by default. What is moved in is 0. */
  readonly shift?: number;
  /** Is the negative tried as well (operators of `signed` values)? True by default. */
  readonly negate?: boolean;
}

/**
 * The picture of those with the same Fourier magnitudes that lies nearest to a reference: each channel turned by half a turn,
 * moved, negated, whichever gives the least squared error. For metrics of phase retrieval; it needs the truth.
 * @param picture [C, H, W], as `reference`
 */
export function resolveAmbiguities(
  picture: ArrayLike<number>,
  reference: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  { shift = 0, negate = true }: AmbiguityOptions = {},
): { picture: Float64Array; resolutions: Resolution[] } {
  const area = height * width;
  const out = new Float64Array(channels * area);
  const resolutions: Resolution[] = [];
  const shifts = Array.from({ length: 2 * shift + 1 }, (_, k) => k - shift);
  for (let c = 0; c < channels; c++) {
    const at = (turned: boolean, i: number, j: number): number => {
      if (i < 0 || j < 0 || i >= height || j >= width) return 0;
      return picture[c * area + (turned ? area - 1 - (i * width + j) : i * width + j)];
    };
    let best: { error: number; resolution: Resolution } | undefined;
    for (const turned of [false, true])
      for (const down of shifts)
        for (const right of shifts)
          for (const negated of negate ? [false, true] : [false]) {
            const sign = negated ? -1 : 1;
            let error = 0;
            for (let k = 0; k < area; k++) {
              const value = sign * at(turned, Math.floor(k / width) - down, (k % width) - right);
              error += (value - reference[c * area + k]) ** 2;
            }
            if (!best || error < best.error) best = { error, resolution: { turned, negated, shift: [down, right] } };
          }
    const { turned, negated, shift: by } = (best as NonNullable<typeof best>).resolution;
    for (let k = 0; k < area; k++)
      out[c * area + k] = (negated ? -1 : 1) * at(turned, Math.floor(k / width) - by[0], (k % width) - by[1]);
    resolutions.push({ turned, negated, shift: by });
  }
  return { picture: out, resolutions };
}
