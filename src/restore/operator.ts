import { createOperator, type KernelSpec, maskBits, type Operator, type OperatorSpec } from "../operators/index.ts";
import type { BlurKernel, Task } from "./task.ts";

/** Size of the picture x, and for an inpainting its missing pixels (1 = missing), row by row. */
export interface Part {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly missing?: Uint8Array;
}

/** The registered name of a task's operator. */
export function operatorName(task: Task): string {
  return task.name === "deblur" ? "blur" : task.name;
}

/** The measurement operator of a task for pictures of one size. */
export function taskOperator(task: Task, { width, height, channels, missing }: Part): Operator {
  return createOperator(operatorSpec(task, width, height, missing), { domain: [1, channels, height, width] });
}

function operatorSpec(task: Task, width: number, height: number, missing: Uint8Array | undefined): OperatorSpec {
  switch (task.name) {
    case "inpaint": {
      const known = Uint8Array.from({ length: width * height }, (_, i) => (missing?.[i] ? 0 : 1));
      return { name: "inpaint", mask: maskBits(known, height, width) };
    }
    case "super-resolution":
      return { name: "super-resolution", scale: task.scale, kernel: task.kernel };
    case "deblur":
      return { name: "blur", kernel: blurSpec(task.kernel), border: task.border };
    case "denoise":
      return { name: "denoise" };
    case "colorize":
      // The weights with which pictures are made grey here, and most grey pictures were made elsewhere.
      return { name: "colorize", weights: "luma" };
  }
}

function blurSpec(kernel: BlurKernel): KernelSpec {
  if (kernel.type !== "image") return kernel;
  const { width, height, data } = kernel.kernel;
  return { type: "array", width, height, values: Array.from(data) };
}

/** How far, in pixels of the result, a measured pixel looks: tiles need at least this much beyond what they give. */
export function reach(task: Task): number {
  switch (task.name) {
    case "super-resolution":
      return 4 * task.scale;
    case "deblur": {
      const { kernel } = task;
      if (kernel.type === "gaussian") return Math.ceil(4 * kernel.std);
      if (kernel.type === "motion") return Math.ceil(kernel.length / 2) + 1;
      return Math.ceil(Math.max(kernel.kernel.width, kernel.kernel.height) / 2);
    }
    default:
      return 0;
  }
}
