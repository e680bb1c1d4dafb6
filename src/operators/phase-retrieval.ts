import type { Tensor } from "../tensor/index.ts";
import { centredFourier } from "./mri-fourier.ts";
import { checkShape, type Operator } from "./operator.ts";
import { retrievePhase } from "./phase-retrieval-estimate.ts";

export interface PhaseRetrievalOptions {
  /** The picture is padded by oversample/8 of each side, on both ends; 2 (published) makes 384² of 256². */
  readonly oversample?: number;
  /** What is transformed: x itself (DPS, RED-Diff: the default), or (x + 1)/2, a picture in [0, 1] (DAPS). */
  readonly values?: "signed" | "unit";
}

/**
 * Phase retrieval: y = |F(pad(x))|, the magnitudes of the centred orthonormal Fourier transform of the padded picture, each
 * channel alone (DPS, arXiv 2209.14687). The derivative of a magnitude at 0 is taken as 0.
 *
 * What magnitudes cannot tell: a picture turned by half a turn, moved within the padding, and for `signed` values its
 * negative look the same, in each channel on its own; {@link resolveAmbiguities} undoes that against a reference.
 * The pseudo-inverse is that of RED-Diff's code, |F⁻¹y| cut to the picture: a start, no inverse.
 */
export function phaseRetrieval(options: PhaseRetrievalOptions, domain: readonly number[]): Operator {
  const { oversample = 2, values = "signed" } = options;
  const [, channels, height, width] = domain;
  const shape = [1, channels, height, width];
  const [down, right] = [padding(height, oversample), padding(width, oversample)];
  const range = [1, channels, height + 2 * down, width + 2 * right];
  const fourier = centredFourier(range[2], range[3]);
  const margins = [
    [0, 0],
    [0, 0],
    [down, down],
    [right, right],
  ] as const;
  const unit = values === "unit";
  return {
    name: "phase-retrieval",
    domain: shape,
    range,
    linear: false,
    normSquared: unit ? 0.25 : 1,
    exactPseudoInverse: false,
    apply(x) {
      checkShape("phase-retrieval", shape, x);
      const u = unit ? x.add(1).mul(0.5) : x;
      return magnitude(fourier.forward(u.pad(margins)));
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of phase-retrieval", range, y);
      const z = magnitude(fourier.inverse({ re: y, im: y.mul(0) }));
      const u = z.narrow(2, down, height).narrow(3, right, width);
      return unit ? u.mul(2).sub(1) : u;
    },
    estimate: (y) => retrievePhase(y, { channels, height, width, down, right, unit }),
    toJSON: () => ({ name: "phase-retrieval", oversample, values }),
  };
}

/** Pixels added on each end of an axis. */
export function padding(size: number, oversample: number): number {
  return Math.floor((oversample / 8) * size);
}

/** Pixels of the axis of a picture whose padded axis has `size`; undefined where there is none. */
export function unpadded(size: number, oversample: number): number | undefined {
  for (let n = 1; n <= size; n++) if (n + 2 * padding(n, oversample) === size) return n;
  return undefined;
}

/** Far below single precision's resolution of magnitudes, far above its smallest number. */
const tiny = 1e-24;

function magnitude({ re, im }: { re: Tensor; im: Tensor }): Tensor {
  // The maximum passes no derivative on where it takes the constant.
  return re.square().add(im.square()).maximum(tiny).sqrt();
}
