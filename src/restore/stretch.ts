import type { Image } from "../pictures/index.ts";
import type { Task } from "./task.ts";

/** A picture whose brightest value is no higher than this (two stops below white) is stretched. */
const DARK = 0.25;

/**
 * How many times brighter a picture is made for the time of its restoration: until its brightest value is white where it
 * uses a small part of its range (12 bits in 16, dark exports of raw files), else 1. The priors know pictures that use all
 * of it. Only for tasks whose operator leaves a constant as it is, so that A(g·u) = g·A(u) on the 0..1 scale.
 */
export function stretchOf({ data }: Image, task: Task): number {
  if (task.name === "operator" || (task.name === "deblur" && task.border === "zero")) return 1;
  const peak = data.reduce((most, v) => Math.max(most, v), 0);
  return peak > 0 && peak <= DARK ? 1 / peak : 1;
}

/** A picture made `gain` times as bright. */
export function stretched(image: Image, gain: number): Image {
  return gain === 1 ? image : { ...image, data: image.data.map((v) => Math.min(1, v * gain)) };
}
