import { TweedieError } from "../errors.ts";
import { adjoint, domainOf, type Operator, type OperatorSpec, type PictureSize } from "../operators/index.ts";
import type { ImageMeta, Mask } from "../pictures/index.ts";
import type { Prior } from "../priors/index.ts";
import { constant, evaluate, sizeOf } from "../tensor/index.ts";
import { embed } from "./embedding.ts";
import { COLOUR_NOISE, colourToGrey, greyToColour } from "./grey.ts";
import type { Job } from "./job.ts";
import type { NoiseLevel } from "./noise.ts";
import { findOutliers, withoutOutliers } from "./outliers.ts";
import { type Planes, planesToPicture } from "./planes.ts";
import type { Task } from "./task.ts";

export interface MeasurementJobOptions {
  readonly measurement: Planes;
  readonly task: Task;
  readonly spec: OperatorSpec;
  /** Size of the picture, where the measurement does not tell it. */
  readonly size?: PictureSize | undefined;
  readonly prior: Prior;
  readonly noise: NoiseLevel;
  /** What is missing, of an inpainting; with `keepKnown` the rest comes out as it was measured. */
  readonly mask?: Mask | undefined;
  readonly keepKnown?: boolean | undefined;
  readonly seed: number;
  /** What the result's file takes over from the measurement's. */
  readonly meta?: Partial<ImageMeta>;
}

/**
 * A restoration from the numbers of a measurement, whatever their shape, as a whole.
 * @throws TweedieError `size-mismatch` where the numbers are no measurement of the operator, `invalid-option`,
 *   `invalid-operator`, `invalid-model`
 */
export function createMeasurementJob(options: MeasurementJobOptions): Job {
  const { measurement, task, spec, size, prior, noise, mask, seed, meta } = options;
  const kept = options.keepKnown ? mask : undefined;
  const range = [1, ...measurement.shape];
  const domain = domainOf(spec, range, size);
  const [, own, height, width] = domain;
  const sigma = 2 * noise.sigma;
  const { operator: whole, how } = embed(spec, domain, prior.channels);
  checkRange(spec.name, whole, range, how === "repeated" ? prior.channels : 1);
  const repeated = how === "repeated";
  const y = repeated ? greyToColour(measurement.data, sigma, seed) : measurement.data.slice();
  const [, c, h, w] = whole.range;
  const saltAndPepper = noise.model?.kind === "salt-pepper";
  const operator = saltAndPepper ? withoutOutliers(whole, y, findOutliers({ shape: [c, h, w], data: y })) : whole;
  const sigmaY = repeated ? COLOUR_NOISE * sigma : sigma;
  const side = Math.max(width, height);
  return {
    task,
    noise,
    operatorName: saltAndPepper && spec.name === "denoise" ? "inpaint" : spec.name,
    linear: operator.linear,
    sigmaY,
    width,
    height,
    channels: prior.channels,
    tiles: [{ left: 0, top: 0, width, height }],
    tileSize: side,
    blend: { size: side, discard: 0, feather: 1, align: 1 },
    mask,
    exact: kept !== undefined,
    normScale: repeated ? 3 : 1,
    background: () => new Float32Array(width * height * prior.channels),
    problem: () => ({ operator, measurement: y, firstGuess: () => firstGuess(operator, y, sigmaY) }),
    finish(planes) {
      const grey = own !== 3 && prior.channels === 3;
      const data = grey ? colourToGrey(planes) : planes.slice();
      const n = width * height;
      if (kept) for (let i = 0; i < data.length; i++) if (kept.known[i % n]) data[i] = measurement.data[i];
      const image = planesToPicture({ shape: [own === 3 ? 3 : 1, height, width], data });
      const { icc: _, ...plain } = meta ?? {};
      return { ...image, meta: { ...image.meta, ...(image.channels === 3 && own === 3 ? meta : plain) } };
    },
  };
}

function checkRange(name: string, operator: Operator, given: readonly number[], times: number): void {
  const [, channels, height, width] = operator.range;
  const expected = [1, channels / times, height, width];
  if (String(expected) === String(given)) return;
  throw new TweedieError("size-mismatch", {
    what: `measurement of ${name}`,
    expected: `[${expected.slice(1).join(", ")}]`,
    got: `[${given.slice(1).join(", ")}]`,
  });
}

/** The operator's own estimate; else A†y, else Aᵀy/‖A‖², else mid grey. */
export function firstGuess(operator: Operator, y: Float32Array, sigma: number): Float32Array {
  if (operator.estimate) return Float32Array.from(operator.estimate(y, sigma));
  const measured = constant(Float64Array.from(y), operator.range, "float32");
  if (operator.pseudoInverse) return Float32Array.from(evaluate([operator.pseudoInverse(measured)])[0].data);
  if (!operator.linear) return new Float32Array(sizeOf(operator.domain));
  const back = adjoint(operator, measured).div(Math.max(operator.normSquared, 1e-12));
  return Float32Array.from(evaluate([back])[0].data);
}
