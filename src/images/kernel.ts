import { TweedieError } from "../errors.ts";
import { decodeImage } from "./decode.ts";
import { luminance } from "./image.ts";

/** A blur kernel: row by row, non-negative, summing to one. */
export interface KernelImage {
  width: number;
  height: number;
  data: Float64Array;
}

/**
 * Reads a blur kernel from a picture: grey values (luminance) divided by their sum.
 * Throws like `decodeImage`, and `invalid-operator` for a picture that is black everywhere.
 */
export async function readKernel(source: string | Uint8Array): Promise<KernelImage> {
  const name = typeof source === "string" ? source : "kernel";
  const image = await decodeImage(source, { name });
  const data = Float64Array.from(luminance(image));
  const sum = data.reduce((total, value) => total + value, 0);
  if (!(sum > 0)) {
    const got = "a picture that is black everywhere";
    throw new TweedieError("invalid-operator", { what: name, expected: "a kernel with a sum above zero", got });
  }
  for (let i = 0; i < data.length; i++) data[i] /= sum;
  return { width: image.width, height: image.height, data };
}
