import { TweedieError } from "../errors.ts";
import { createImage, type Image } from "../pictures/index.ts";

/** What several results for one measurement have in common, and where they differ. */
export interface SampleStatistics {
  readonly samples: number;
  /** The mean of the pictures: of posterior samples, the estimate of least mean squared error. */
  readonly mean: Image;
  /**
   * Standard deviation of each pixel as a grey picture: root mean square over the channels, divided by `white`. Black:
   * the samples agree.
   */
  readonly deviation: Image;
  /** The standard deviation, on the 0..1 scale, that white stands for. */
  readonly white: number;
  /** Root mean square of the standard deviation over the picture, 0..1 scale. */
  readonly average: number;
}

/** This share of the pixels may be whiter than white: a few outliers would darken all the rest. */
const OUTLIERS = 0.002;

/**
 * Mean and standard deviation (the unbiased one) of two or more pictures of one size.
 * @throws TweedieError `invalid-option` for fewer, `size-mismatch` for pictures that differ in size or channels
 */
export function sampleStatistics(images: readonly Image[]): SampleStatistics {
  const [first] = images;
  if (images.length < 2)
    throw new TweedieError("invalid-option", {
      what: "sample statistics",
      expected: "two pictures or more",
      got: String(images.length),
    });
  const { width, height, channels } = first;
  const other = images.find((i) => i.width !== width || i.height !== height || i.channels !== channels);
  if (other)
    throw new TweedieError("size-mismatch", {
      what: "sample statistics",
      expected: `${width}x${height}x${channels}`,
      got: `${other.width}x${other.height}x${other.channels}`,
    });
  const n = width * height;
  const mean = new Float32Array(first.data.length);
  const variance = new Float64Array(n);
  for (let i = 0; i < mean.length; i++) {
    const centre = images.reduce((sum, { data }) => sum + data[i], 0) / images.length;
    const squares = images.reduce((sum, { data }) => sum + (data[i] - centre) ** 2, 0);
    mean[i] = centre;
    variance[i % n] += squares / (images.length - 1) / channels;
  }
  const deviation = variance.map(Math.sqrt);
  const white = whiteLevel(deviation);
  const shown = Float32Array.from(deviation, (v) => Math.min(1, v / white));
  return {
    samples: images.length,
    mean: { ...first, data: mean },
    deviation: createImage(width, height, 1, shown),
    white,
    average: Math.sqrt(variance.reduce((sum, v) => sum + v, 0) / n),
  };
}

/** A number of two digits that all but a few deviations stay below, at least one level of 8 bits. */
function whiteLevel(deviation: Float64Array): number {
  const sorted = deviation.slice().sort();
  const most = Math.max(1 / 255, sorted[Math.ceil((1 - OUTLIERS) * sorted.length) - 1]);
  const digit = 10 ** (Math.floor(Math.log10(most)) - 1);
  return Number((Math.ceil(most / digit) * digit).toPrecision(2));
}
