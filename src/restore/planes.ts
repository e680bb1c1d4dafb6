import { TweedieError } from "../errors.ts";
import { fromModel, type Image, toGrey, toModel, toRgb } from "../pictures/index.ts";

/**
 * Numbers as operators take and give them, [channels, height, width] row by row: a picture from -1 (black) to 1 (white),
 * or a measurement on the scale of its operator.
 */
export interface Planes {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array;
}

/**
 * An array of any rank as planes: missing leading axes have extent 1, and leading ones above three are laid together
 * ([1, C, H, W], or coils and their parts [K, 2, H, W] as 2K planes).
 * @throws TweedieError `size-mismatch` when there are no numbers or the channels come last, `numerical-failure` when some are not finite
 */
export function toPlanes(array: { shape: readonly number[]; data: ArrayLike<number> }, what = "measurement"): Planes {
  checkAxes(array.shape, what);
  const padded = [1, 1, 1, ...array.shape];
  const [height, width] = padded.slice(-2);
  const channels = padded.slice(0, -2).reduce((n, d) => n * d, 1);
  const size = channels * height * width;
  if (size < 1 || size !== array.data.length)
    throw new TweedieError("size-mismatch", {
      what,
      expected: "an array of numbers [channels, height, width]",
      got: `[${array.shape.join(", ")}] with ${array.data.length} numbers`,
    });
  const data = Float32Array.from(array.data);
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new TweedieError("numerical-failure", { what, expected: "finite numbers", got: String(data[bad]) });
  return { shape: [channels, height, width], data };
}

/** Pictures of other programs often have their channels last. @throws {TweedieError} size-mismatch */
function checkAxes(shape: readonly number[], what: string): void {
  const [height, width, last] = shape;
  if (shape.length !== 3 || height < 16 || width < 8 || last < 2 || last > 4) return;
  const complex = last === 2;
  throw new TweedieError("size-mismatch", {
    what,
    expected: complex
      ? `real and imaginary part before the other axes, [2, ${height}, ${width}]`
      : `an array whose channels come first, [${last}, ${height}, ${width}]`,
    got: `[${shape.join(", ")}]`,
    hint: complex ? "save it as complex numbers, x[..., 0] + 1j * x[..., 1]" : "numpy.moveaxis(x, -1, 0) moves them",
  });
}

/**
 * A clean picture as the x of an operator with so many channels: grey, colour, or complex (grey and 0); by default as it
 * is.
 */
export function pictureForOperator(image: Image, channels: 1 | 2 | 3 | undefined): Planes {
  const { width, height } = image;
  if (channels === undefined) return { shape: [image.channels, height, width], data: toModel(image) };
  if (channels === 3) return { shape: [3, height, width], data: toModel(toRgb(image)) };
  const grey = toModel(toGrey(image));
  if (channels === 1) return { shape: [1, height, width], data: grey };
  const data = new Float32Array(2 * grey.length);
  data.set(grey);
  return { shape: [2, height, width], data };
}

/** Can an image file hold it? Values outside -1..1 are clipped there. */
export function isPicture({ shape: [channels] }: Planes): boolean {
  return channels === 1 || channels === 3;
}

/** Planes of 1 or 3 channels as a picture. */
export function planesToPicture({ shape: [channels, height, width], data }: Planes, like?: Image): Image {
  return fromModel(data, { width, height, channels: channels as 1 | 3 }, like);
}

/** A picture as the planes that a .npy file keeps. */
export function picturePlanes(image: Image): Planes {
  return { shape: [image.channels, image.height, image.width], data: toModel(image) };
}
