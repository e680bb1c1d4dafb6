import { TweedieError } from "../errors.ts";
import { type Image, luminance } from "./image.ts";

/** A blur kernel: row by row, non-negative, summing to one. */
export interface KernelImage {
  width: number;
  height: number;
  data: Float64Array;
}

/**
 * The blur kernel that a picture shows: grey values (luminance) divided by their sum.
 * @param name for messages
 * @throws {TweedieError} invalid-operator: the picture is black everywhere
 */
export function kernelFromImage(image: Image, name = "kernel"): KernelImage {
  const data = Float64Array.from(luminance(image));
  const sum = data.reduce((total, value) => total + value, 0);
  if (!(sum > 0)) {
    const got = "a picture that is black everywhere";
    throw new TweedieError("invalid-operator", { what: name, expected: "a kernel with a sum above zero", got });
  }
  for (let i = 0; i < data.length; i++) data[i] /= sum;
  return { width: image.width, height: image.height, data };
}
