import { readKernel, readMask } from "../node/pictures.ts";
import type { Image, Mask } from "../pictures/index.ts";
import { type BlurKernel, type Planes, resolveMask, type TaskInput } from "../restore/index.ts";
import { generatedMask, parseBlur, type TaskArguments } from "./task-arguments.ts";

/** The file that `--kernel` names, if it names one. */
export function kernelFile({ task, kernel }: TaskArguments): string | undefined {
  return task === "deblur" && kernel !== undefined && parseBlur(kernel) === undefined ? kernel : undefined;
}

/** The file that `--mask` names, if it names one. */
export function maskFile(args: TaskArguments): string | undefined {
  return generatedMask(args) ? undefined : args.mask;
}

/** Width and height of `--size`. */
export function sizeOf({ size }: TaskArguments): { width: number; height: number } | undefined {
  if (size === undefined) return undefined;
  const [width, height] = size.split("x").map(Number);
  return { width, height };
}

/** The mask for pictures of a size, read or made; undefined without `--mask`. */
export async function loadMask(args: TaskArguments, width: number, height: number): Promise<Mask | undefined> {
  if (args.mask === undefined) return undefined;
  const spec = generatedMask(args);
  return spec ? resolveMask(spec, width, height) : readMask(args.mask, width, height);
}

/** Reads the files that a task needs; the picture or measurement says how large a mask has to be. */
export async function loadTask(args: TaskArguments, picture: Image | Planes | undefined): Promise<TaskInput> {
  switch (args.task) {
    case "inpaint": {
      if (!picture) return { name: "inpaint" };
      const [width, height] =
        "shape" in picture ? [picture.shape[2], picture.shape[1]] : [picture.width, picture.height];
      const mask = await loadMask(args, width, height);
      return mask ? { name: "inpaint", mask } : { name: "inpaint" };
    }
    case "super-resolution":
      return { name: "super-resolution", scale: args.scale ?? 4, kernel: args.kernel as "box" | "bicubic" };
    case "deblur": {
      const text = args.kernel ?? "";
      const kernel: BlurKernel = parseBlur(text) ?? { type: "image", kernel: await readKernel(text) };
      return { name: "deblur", kernel, border: args.border };
    }
    case "denoise":
    case "colorize":
      return { name: args.task };
    default:
      return { name: "operator", operator: { ...args.param, name: args.task } };
  }
}
