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

/** How far a kernel's centre of mass lies right of and below its middle, the pixel at row ⌊height/2⌋ and column ⌊width/2⌋. */
export function kernelOffset({ width, height, data }: KernelImage): { x: number; y: number } {
  let [x, y, sum] = [0, 0, 0];
  data.forEach((value, i) => {
    x += value * (i % width);
    y += value * Math.floor(i / width);
    sum += value;
  });
  return { x: x / sum - Math.floor(width / 2), y: y / sum - Math.floor(height / 2) };
}

/** The kernel moved by whole pixels so that its centre of mass is its middle, in the smallest odd size that holds it. */
export function centredKernel(kernel: KernelImage): KernelImage {
  const { width, height, data } = kernel;
  const offset = kernelOffset(kernel);
  const column = Math.floor(width / 2) + Math.round(offset.x);
  const row = Math.floor(height / 2) + Math.round(offset.y);
  let [across, down] = [0, 0];
  data.forEach((value, i) => {
    if (value === 0) return;
    across = Math.max(across, Math.abs((i % width) - column));
    down = Math.max(down, Math.abs(Math.floor(i / width) - row));
  });
  const moved = { width: 2 * across + 1, height: 2 * down + 1 };
  const out = new Float64Array(moved.width * moved.height);
  data.forEach((value, i) => {
    if (value === 0) return;
    out[(Math.floor(i / width) - row + down) * moved.width + (i % width) - column + across] = value;
  });
  return { ...moved, data: out };
}
