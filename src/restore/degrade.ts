import { createEngine, type Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { createImage, fromModel, type Image, type Mask, toModel, toRgb } from "../images/index.ts";
import type { Operator } from "../operators/index.ts";
import { normals } from "../random/index.ts";
import { input } from "../tensor/index.ts";
import { taskOperator } from "./operator.ts";
import { parseTask, type TaskInput } from "./task.ts";

export interface DegradeRequest {
  /** A clean picture. */
  readonly image: Image;
  readonly task: TaskInput;
  /** Standard deviation of the noise to add, on the 0..1 scale; none by default. */
  readonly noise?: number;
  readonly seed?: number;
  readonly engine?: Engine;
  readonly signal?: AbortSignal;
}

/**
 * Simulates the measurement that {@link restore} undoes: y = A(x) + noise, as a picture (values outside 0..1 are clipped).
 * Missing pixels of an inpainting become transparent mid grey.
 * @throws TweedieError `invalid-option`, `size-mismatch`, `invalid-operator`, `aborted`
 */
export async function degrade(request: DegradeRequest): Promise<Image> {
  const { noise = 0, seed = 0, signal } = request;
  const task = parseTask(request.task);
  if (!(noise >= 0 && noise <= 1)) {
    throw new TweedieError("invalid-option", {
      what: "noise",
      expected: "a standard deviation from 0 to 1",
      got: String(noise),
    });
  }
  // Colour is taken away from three channels; a grey picture has nothing to lose.
  const image = task.name === "colorize" ? toRgb(request.image) : request.image;
  const mask = task.name === "inpaint" ? maskFor(task.mask, image) : undefined;
  const { width, height, channels } = image;
  const operator = taskOperator(task, { width, height, channels, missing: mask?.missing });
  const engine = request.engine ?? (await createEngine({}));
  try {
    const y = await measure(operator, toModel(image), engine, signal);
    if (noise > 0) addNoise(y, 2 * noise, seed);
    return asPicture(y, operator, image, mask);
  } finally {
    if (!request.engine) await engine.dispose();
  }
}

function maskFor(mask: Mask | undefined, image: Image): Mask {
  const expected = `a mask of the picture's size ${image.width}x${image.height}`;
  const got = mask ? `${mask.width}x${mask.height}` : "nothing";
  if (!mask) throw new TweedieError("invalid-option", { what: "mask", expected, got });
  if (mask.width === image.width && mask.height === image.height) return mask;
  throw new TweedieError("size-mismatch", { what: "mask", expected, got });
}

async function measure(
  operator: Operator,
  data: Float32Array,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const x = input(operator.domain);
  const program = await engine.compile({ inputs: { x }, outputs: { y: operator.apply(x) }, signal });
  try {
    return (await program.run({ x: data }, { signal })).y;
  } finally {
    await program.dispose();
  }
}

function addNoise(y: Float32Array, sigma: number, seed: number): void {
  const noise = normals({ seed, purpose: "measurement" }, y.length);
  for (let i = 0; i < y.length; i++) y[i] += sigma * noise[i];
}

function asPicture(y: Float32Array, operator: Operator, image: Image, mask: Mask | undefined): Image {
  const [, channels, height, width] = operator.range;
  const plain = fromModel(y, { width, height, channels: channels as 1 | 3 });
  const meta = { ...image.meta };
  if (channels !== image.channels) delete meta.icc;
  if (!mask) {
    // A smaller picture cannot keep the transparency of the larger one pixel by pixel.
    const alpha = width === image.width && height === image.height ? image.alpha : undefined;
    return createImage(width, height, plain.channels, plain.data, { alpha, meta });
  }
  const n = width * height;
  for (let i = 0; i < plain.data.length; i++) if (mask.missing[i % n]) plain.data[i] = 0.5;
  const alpha = Float32Array.from(mask.missing, (missing, i) => (missing ? 0 : (image.alpha?.[i] ?? 1)));
  return createImage(width, height, plain.channels, plain.data, { alpha, meta });
}
