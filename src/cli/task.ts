import { type Image, readKernel, readMask } from "../images/index.ts";
import type { TaskInput } from "../restore/index.ts";
import { parseBlur, type TaskArguments } from "./arguments.ts";

/** The file that `--kernel` names, if it names one. */
export function kernelFile({ task, kernel }: TaskArguments): string | undefined {
  return task === "deblur" && kernel !== undefined && parseBlur(kernel) === undefined ? kernel : undefined;
}

/** Reads the files that a task needs. */
export async function loadTask(args: TaskArguments, image: Image): Promise<TaskInput> {
  switch (args.task) {
    case "inpaint":
      return args.mask === undefined
        ? { name: "inpaint" }
        : { name: "inpaint", mask: await readMask(args.mask, image.width, image.height) };
    case "super-resolution":
      return { name: "super-resolution", scale: args.scale ?? 4, kernel: args.kernel as "box" | "bicubic" };
    case "deblur": {
      const text = args.kernel ?? "";
      const kernel = parseBlur(text) ?? ({ type: "image", kernel: await readKernel(text) } as const);
      return { name: "deblur", kernel, border: args.border };
    }
    default:
      return { name: args.task };
  }
}
