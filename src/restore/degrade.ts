import { TweedieError } from "../errors.ts";
import { taskTraits } from "../operators/index.ts";
import { createImage, fromModel, type Image } from "../pictures/index.ts";
import { isPicture, planesToPicture } from "./planes.ts";
import { type DegradeRequest, type Simulation, simulate } from "./simulate.ts";

/**
 * Simulates the measurement that {@link restore} undoes: y = A(x) + noise, as a picture (values outside 0..1 are clipped).
 * Missing pixels of an inpainting become transparent mid grey. What no picture can hold, {@link simulate} gives as numbers.
 * @throws TweedieError `invalid-option`, `size-mismatch`, `invalid-operator`, `aborted`
 */
export async function degrade(request: DegradeRequest): Promise<Image> {
  return simulationPicture(await simulate(request), request.image);
}

/** Can the measurements of this simulation be kept as a picture? */
export function holdsPicture({ task, ...planes }: Simulation): boolean {
  if (!isPicture(planes)) return false;
  return task.name !== "operator" || taskTraits(task.operator.name).measurement === "picture";
}

/** A simulated measurement as a picture, like the one it was made from. @throws TweedieError `invalid-option` */
export function simulationPicture(simulation: Simulation, like: Image | undefined): Image {
  const { shape, data, mask, operator } = simulation;
  if (!holdsPicture(simulation))
    throw new TweedieError("invalid-option", {
      what: `measurement of ${operator.name}`,
      expected: "to be kept as an array",
      got: "a picture file",
      hint: "simulate() gives the numbers; on the command line write them with -o y.npy",
    });
  const [channels, height, width] = shape;
  if (!like) return planesToPicture({ shape, data });
  const plain = fromModel(data, { width, height, channels: channels as 1 | 3 });
  const meta = { ...like.meta };
  if (channels !== like.channels) delete meta.icc;
  if (!mask) {
    // A smaller picture cannot keep the transparency of the larger one pixel by pixel.
    const alpha = width === like.width && height === like.height ? like.alpha : undefined;
    return createImage(width, height, plain.channels, plain.data, { alpha, meta });
  }
  const n = width * height;
  for (let i = 0; i < plain.data.length; i++) if (!mask.known[i % n]) plain.data[i] = 0.5;
  const alpha = Float32Array.from(mask.known, (known, i) => (known ? (like.alpha?.[i] ?? 1) : 0));
  return createImage(width, height, plain.channels, plain.data, { alpha, meta });
}
