import {
  createOperator,
  type KernelSpec,
  kernelOf,
  maskBits,
  type Operator,
  type OperatorSpec,
  taskTraits,
} from "../operators/index.ts";
import type { BlurKernel, Task } from "./task.ts";

/** Size of the picture x, and for an inpainting its known pixels (1 = known), row by row. */
export interface Part {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly known?: Uint8Array;
}

/** The measurement operator of a task for pictures of one size. */
export function taskOperator(task: Task, { width, height, channels, known }: Part): Operator {
  return createOperator(operatorSpec(task, width, height, known), { domain: [1, channels, height, width] });
}

/** The spec of a task's operator; pictures of width × height matter to masks alone. */
export function operatorSpec(task: Task, width: number, height: number, known: Uint8Array | undefined): OperatorSpec {
  switch (task.name) {
    case "operator":
      return task.operator as OperatorSpec;
    case "inpaint": {
      return { name: "inpaint", mask: maskBits(known ?? new Uint8Array(width * height).fill(1), height, width) };
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

/** Corners of tiles are multiples of this, in pixels of the result. */
export function alignment(task: Task): number {
  if (task.name === "super-resolution") return task.scale;
  return task.name === "operator" ? (taskTraits(task.operator.name).tiles?.align ?? 1) : 1;
}

/** Must a picture be restored as a whole? */
export function isIndivisible(task: Task): boolean {
  // Only reflection continues a blurred picture plausibly inside it.
  if (task.name === "deblur") return task.border !== "reflect";
  return task.name === "operator" && taskTraits(task.operator.name).tiles === undefined;
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
      const { width, height } = kernel.type === "image" ? kernel.kernel : kernelOf(kernel);
      return Math.ceil(Math.max(width, height) / 2);
    }
    case "operator":
      return taskTraits(task.operator.name).tiles?.reach ?? 0;
    default:
      return 0;
  }
}
